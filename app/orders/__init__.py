"""Orders: scans of many domains that were asked for at once, looked at as one."""
