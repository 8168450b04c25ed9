"""The server's side of the process boundary: starts a process per scan, watches it, and recovers what it lost."""
