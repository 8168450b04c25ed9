"""Queries of servers, their connections and broadcasts; for this package alone."""
