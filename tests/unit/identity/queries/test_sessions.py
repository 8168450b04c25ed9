from datetime import timedelta

import pytest

from app.identity.queries import sessions
from tests.support.rows import add_user

HOUR = timedelta(hours=1)


@pytest.fixture
def user(db, clock):
    return add_user(db, clock, "mei")


@pytest.fixture
def opened(run, clock, user):
    def open_one(session_id, expires_in=HOUR):
        now = clock.now()
        run(
            sessions.add, session_id=session_id, user_id=user, now=now, expires_at=now + expires_in, refresh_jti="first"
        )
        return session_id

    return open_one


def test_a_session_is_found_with_its_user(run, opened, user):
    opened("s1")
    found = run(sessions.find_with_user, "s1")
    assert (found.session_id, found.id, found.username, found.revoked_at) == ("s1", user, "mei", None)
    assert run(sessions.find_with_user, "s2") is None
    assert [one.session_id for one in run(sessions.list_with_users, ["s1", "s2"])] == ["s1"]
    assert run(sessions.list_with_users, []) == []


def test_what_has_expired_goes_with_the_next_login(run, opened, clock):
    opened("old", HOUR)
    opened("long", 3 * HOUR)
    clock.advance(2 * 3_600)
    opened("new")
    assert {one.session_id for one in run(sessions.list_with_users, ["old", "long", "new"])} == {"long", "new"}


def test_a_refresh_token_serves_once(run, opened, clock):
    opened("s1")
    later = clock.now() + 2 * HOUR
    now = clock.now()
    assert run(sessions.rotate, "s1", old_jti="first", new_jti="second", now=now, expires_at=later)
    assert not run(sessions.rotate, "s1", old_jti="first", new_jti="third", now=later, expires_at=later)
    found = run(sessions.find_with_user, "s1")
    assert (found.refresh_jti, found.previous_jti, found.rotated_at) == ("second", "first", now)
    assert found.session_expires_at == later


def test_a_revoked_session_rotates_no_more_and_keeps_its_moment(run, opened, clock, user):
    opened("s1")
    opened("s2")
    first = clock.now()
    run(sessions.revoke, "s1", now=first)
    clock.advance(5)
    run(sessions.revoke_all, user, now=clock.now())
    moments = {one.session_id: one.revoked_at for one in run(sessions.list_with_users, ["s1", "s2"])}
    assert moments == {"s1": first, "s2": clock.now()}
    assert not run(sessions.rotate, "s2", old_jti="first", new_jti="second", now=first, expires_at=first)
