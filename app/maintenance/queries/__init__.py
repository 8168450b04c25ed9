"""Queries over the tables of all subjects: what is old in them."""
