"""References in markup, styles, scripts, headers and sitemaps, and which of them are hidden. Pure."""
