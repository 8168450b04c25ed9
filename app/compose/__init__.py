"""Builds every part from the settings: the only place that chooses implementations."""
