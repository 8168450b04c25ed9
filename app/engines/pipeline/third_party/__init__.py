"""Stage 3: third parties and their owners."""
