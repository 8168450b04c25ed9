"""Runs scans: the server's side of their processes, the processes themselves, and what they report."""
