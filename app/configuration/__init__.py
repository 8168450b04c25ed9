"""What administrators change while the service runs: settings, and versions of the local reader."""
