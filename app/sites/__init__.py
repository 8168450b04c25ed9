"""Sites: domains that are watched, each with its scan options, its group, its tags and its schedule."""
