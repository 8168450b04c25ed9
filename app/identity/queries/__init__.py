"""Queries of users, sessions and the audit log; for this subject alone."""
