import pytest


@pytest.fixture
def run(db):
    """Run one query or change in a transaction of its own."""
    return lambda function, *arguments, **named: db.write_sync(lambda c: function(c, *arguments, **named))
