"""Removes what is old: deleted tasks, old events and log lines, and captures that no scan refers to."""
