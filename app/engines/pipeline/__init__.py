"""The five stages of a scan and what flows between them: everything goes on as soon as it can."""
