"""Notifications: rules of users, the feed of what they were told, and what leaves by channels (ADR 0075)."""
