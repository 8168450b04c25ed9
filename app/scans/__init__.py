"""Scans: ordered, queued, carried out by attempts, resumed, and ended."""
