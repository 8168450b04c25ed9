from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.scans.queries import idempotency
from tests.support.rows import add_user


@pytest.fixture
def user(db, clock):
    return add_user(db, clock, "mei")


def test_an_answer_is_found_by_its_user_and_key_until_it_is_too_old(run, clock, user):
    before = clock.now()
    clock.advance(1)
    run(idempotency.add, user, "k", fingerprint="f", response="{}", now=clock.now(), since=before)
    found = run(idempotency.find, user, "k", since=before)
    assert (found.fingerprint, found.response) == ("f", "{}")
    assert run(idempotency.find, user, "other", since=before) is None
    assert run(idempotency.find, "somebody else", "k", since=before) is None
    assert run(idempotency.find, user, "k", since=clock.now()) is None


def test_an_older_row_of_the_key_gives_way(run, clock, user):
    before = clock.now()
    for response in ("1", "2"):
        clock.advance(1)
        since = clock.now() - timedelta(seconds=1)
        run(idempotency.add, user, "k", fingerprint="f", response=response, now=clock.now(), since=since)
    assert run(idempotency.find, user, "k", since=before).response == "2"


def test_a_row_that_is_still_good_does_not_give_way(run, clock, user):
    """Another server has carried the request out between this one's look and its insert."""
    before = clock.now()
    clock.advance(1)
    values = {"fingerprint": "f", "now": clock.now(), "since": before}
    run(idempotency.add, user, "k", response="1", **values)
    with pytest.raises(IntegrityError):
        run(idempotency.add, user, "k", response="2", **values)
    assert run(idempotency.find, user, "k", since=before).response == "1"
