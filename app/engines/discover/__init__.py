"""Stage 1: which names below the target exist, and which of them serve pages."""
