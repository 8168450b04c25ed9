"""Reports: one document over the results of a scan or of an order, as JSON and as files."""
