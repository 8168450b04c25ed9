"""Stage 5: what speaks for a violation, and the second readers."""
