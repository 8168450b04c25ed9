"""Orders: scans of several domains, with a joint result."""
