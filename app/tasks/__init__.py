"""Runs scans: the one job body, its reporter, its process, and the runner that supervises processes."""
