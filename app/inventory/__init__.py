"""The third parties of all sites, and differences between two scans of a site."""
