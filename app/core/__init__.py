"""Infrastructure for all layers: settings, database, security, logging, metrics, limits, clock."""
