"""The scan's side of the process boundary: its entry point, heartbeat, store lease and the pipe to the server."""
