"""How connections begin and end: admission, heartbeats, tokens, revoked rights, draining, audit."""
