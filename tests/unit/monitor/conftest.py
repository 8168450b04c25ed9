"""Fixtures of a monitored database."""

from tests.support.monitored_tasks import monitored, settings

__all__ = ["monitored", "settings"]
