"""Stage 2: pages, as they come over HTTP and as a browser renders them."""
