"""Page structure: impersonation, forms, and link targets."""
