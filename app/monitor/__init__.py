"""Watches tasks: deadlines, stalled ones, lost workers, forced cancels, and what is old enough to go."""
