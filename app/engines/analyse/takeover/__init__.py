"""Names of the site that anyone can take over."""
