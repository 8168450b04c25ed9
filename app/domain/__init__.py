"""What everybody in the house may know: statuses, stages, violations. Standard library only."""
