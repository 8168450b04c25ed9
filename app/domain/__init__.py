"""Terms shared by all layers: statuses, stages, violations. Standard library only."""
