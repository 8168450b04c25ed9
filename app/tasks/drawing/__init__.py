"""The process in which a browser worker draws pages of any scan: Chromium lives there, and dies with it."""
