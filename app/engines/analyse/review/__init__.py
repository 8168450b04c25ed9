"""What a language model is shown, and what its answer changes."""
