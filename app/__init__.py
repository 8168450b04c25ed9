"""Domain Compliance Scanner: scans what the pages of a domain lead to, and lets people watch it live."""
