"""What every floor may know: statuses, stages, violations. Standard library only."""
