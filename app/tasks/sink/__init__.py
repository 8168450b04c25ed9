"""What a scan reports, between engine and log: sanitised, buffered, and written in batches."""
