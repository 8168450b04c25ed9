"""How a scan looks: live in a terminal, as lines in a pipe, and as a report at the end."""
