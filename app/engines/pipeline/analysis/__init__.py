"""Stage 5: the analysis, the LLM review and the local classifier."""
