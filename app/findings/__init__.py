"""Findings: violations and their evidence, what people decide about them, and what waits for a review."""
