"""Lists of hosts and URLs."""
