"""Stage 4: what each third party shows, and the pages that refer to a violation."""
