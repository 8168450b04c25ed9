"""Scanning. Knows no web framework, no database and no broker: ports in, facts out."""
