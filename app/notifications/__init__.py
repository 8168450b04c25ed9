"""Notifications: the rules of users, their feed, and deliveries to channels (ADR 0075)."""
