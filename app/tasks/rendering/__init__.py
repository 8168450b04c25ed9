"""The process in which a browser worker renders pages of any scan: Chromium lives there, and dies with it."""
