"""Queries over differences of scans."""
