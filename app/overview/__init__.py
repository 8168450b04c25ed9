"""All scans and sites at a glance, a search over them, and numbers of the service."""
