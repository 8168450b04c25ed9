"""The report of a scan as files: one document of blocks for HTML and PDF, one set of tables for CSV and XLSX."""
