"""Queries; for this subject alone."""
