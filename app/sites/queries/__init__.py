"""Queries over sites."""
