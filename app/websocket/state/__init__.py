"""Reads what a subscription starts from: snapshots, replays and pages of the log."""
