"""Bodies of notifications."""
