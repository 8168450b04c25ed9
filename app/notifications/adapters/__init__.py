"""One module per kind of channel, which formats messages and interprets responses."""
