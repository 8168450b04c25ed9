"""Queries over differences of scans and over third parties."""
