"""The network of scans: one IP address policy, resolver, HTTP client, rate limits and the proxy for Chromium."""
