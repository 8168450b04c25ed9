"""Stage 2: from hosts to pages and every reference on them."""
