"""Stage 4: what third parties and referring pages show, over HTTP and in a browser."""
