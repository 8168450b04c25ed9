"""The same events as server-sent events."""
