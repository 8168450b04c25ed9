"""Parsing of untrusted content in separate processes: a failure there does not affect the scan (ADR 0011)."""
