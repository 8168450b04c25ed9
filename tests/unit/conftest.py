"""Fixtures of many subjects: queries in transactions of their own, and a monitored database."""

import pytest

from tests.support.monitored_tasks import monitored, settings

__all__ = ["monitored", "run", "settings"]


@pytest.fixture
def run(db):
    """Run one query or change in a transaction of its own."""
    return lambda function, *arguments, **named: db.write_sync(lambda c: function(c, *arguments, **named))
