"""The third parties of all sites, and what differs between two scans of one."""
