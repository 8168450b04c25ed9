"""Queries over tasks, runs, the queue and workers."""
