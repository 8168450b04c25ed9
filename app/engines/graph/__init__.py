"""How the five stages hang together: one graph in which everything goes on as soon as it can."""
