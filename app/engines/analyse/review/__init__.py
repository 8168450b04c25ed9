"""Input of the LLM review, and the effect of its answers."""
