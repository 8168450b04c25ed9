"""Hints: "task T reached seq N". A lost, late, doubled or reordered one changes latency, never content."""
