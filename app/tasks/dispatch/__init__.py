"""The queue between servers and workers: who wakes workers, and how the queue is reached. It knows no scan."""
