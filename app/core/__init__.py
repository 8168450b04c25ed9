"""What every floor may need: settings, database, security, logging, metrics, limits and clock."""
