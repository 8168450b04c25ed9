"""Routes: HTTP in, use cases called, HTTP out."""
