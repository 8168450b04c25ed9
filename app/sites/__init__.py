"""Sites: what is open of each, kept with whatever changes it."""
