"""Findings: violations with their evidence, decisions about them, and the review queue."""
