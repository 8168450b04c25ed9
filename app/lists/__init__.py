"""Lists of hosts and URLs that the deployment names: kept current, handed to scans, and shown."""
