"""Stage 3: whom the pages lead to, and whose that is."""
