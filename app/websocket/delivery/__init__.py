"""From the log to the subscriptions of this process: hints, reads, catch-ups and the sweep."""
