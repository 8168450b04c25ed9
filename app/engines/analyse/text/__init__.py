"""The words of a page: normalised, looked up in the lexicon, and read by rules."""
