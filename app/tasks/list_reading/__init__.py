"""Lists of hosts and URLs are read in a process of their own, and in no server's memory or time."""
