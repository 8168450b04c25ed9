"""The big world: a university with some fifty hosts and 6,000 pages, and everything that a scan can meet there."""
