"""Queries over violations and decisions."""
