"""The interface under /api/v1."""
