"""Open findings of each site, updated with every change."""
