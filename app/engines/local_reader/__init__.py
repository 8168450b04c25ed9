"""A second reader that a deployment has taught itself, from what its people decided (ADR 0050)."""
