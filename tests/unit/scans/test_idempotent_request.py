"""A request under a key: the same one is remembered, another one under the same key is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.db import Database
from app.core.errors import InvalidInput
from app.scans.idempotent_request import IdempotentRequest
from tests.support.backend import HandClock
from tests.support.databases import create_tables
from tests.support.rows import add_user

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BODY = {"target_domain": "example.com", "config": {"max_pages": 5}}


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    create_tables(db)
    yield db
    await db.close()


def test_the_order_of_the_fields_makes_no_other_request():
    turned = dict(reversed(BODY.items()))
    assert IdempotentRequest.of("u", "k", BODY) == IdempotentRequest.of("u", "k", turned)
    assert IdempotentRequest.of("u", "k", BODY) != IdempotentRequest.of("u", "k", {**BODY, "config": {}})


def test_the_first_answer_is_recalled_until_it_is_too_old(db):
    user = add_user(db, HandClock(), "mei")
    request = IdempotentRequest.of(user, "k", BODY)
    assert db.read_sync(lambda c: request.recall(c, since=NOW - DAY)) is None
    db.write_sync(lambda c: request.keep(c, {"id": "t1"}, now=NOW, since=NOW - DAY))
    assert db.read_sync(lambda c: request.recall(c, since=NOW - DAY)) == {"id": "t1"}
    assert db.read_sync(lambda c: request.recall(c, since=NOW + DAY)) is None


def test_a_key_of_another_request_is_refused_and_that_of_another_user_is_free(db):
    user, other = (add_user(db, HandClock(), name) for name in ("mei", "li"))
    db.write_sync(lambda c: IdempotentRequest.of(user, "k", BODY).keep(c, {"id": "t1"}, now=NOW, since=NOW - DAY))
    with pytest.raises(InvalidInput) as caught:
        db.read_sync(lambda c: IdempotentRequest.of(user, "k", {}).recall(c, since=NOW - DAY))
    assert caught.value.code == "idempotency_key_reused"
    assert db.read_sync(lambda c: IdempotentRequest.of(other, "k", {}).recall(c, since=NOW - DAY)) is None
