"""Lists of hosts and URLs that a deployment names: fetched, read, judged and made into files that scans look into."""
