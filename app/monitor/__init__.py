"""Watches tasks: deadlines, stalled tasks, lost workers, forced cancellation, retention."""
