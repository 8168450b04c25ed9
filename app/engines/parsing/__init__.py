"""Parsing of what hosts sent, in processes of its own: whatever a page does there, the scan goes on (ADR 0011)."""
