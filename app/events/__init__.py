"""What happened to a task: event types, the log that is the truth, and the bus that only hints."""
