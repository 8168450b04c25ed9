"""Queries. The owner filter is inside; services own the transactions."""
