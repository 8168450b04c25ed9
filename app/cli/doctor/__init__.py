"""`compliance doctor`: what is there, what is missing, and what that means. It changes nothing."""
