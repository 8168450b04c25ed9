"""`auth` renews the token of the same subject with the same rights, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.errors import Unavailable
from app.websocket.messages.commands import Auth


@pytest.fixture
async def watcher(desk):
    return await desk.connect(desk.stack.add_user("a"))


async def refresh(desk, watcher, token):
    await desk.manager.command_handler.token_refresh.refresh(watcher.connection, Auth(token=token, id="c"))
    return watcher.frames()


async def test_the_connection_ends_with_the_new_token(desk, watcher):
    desk.stack.auth.expires_in_s = 7_200
    before = watcher.connection.principal.expires_at
    (frame,) = await refresh(desk, watcher, watcher.connection.user_id)
    assert (frame["type"], frame["success"], frame["id"]) == ("auth_result", True, "c")
    assert watcher.connection.principal.expires_at > before + timedelta(hours=1) - timedelta(minutes=1)


async def test_a_bad_token_changes_nothing(desk, watcher):
    before = watcher.connection.principal
    (frame,) = await refresh(desk, watcher, "bad")
    assert (frame["success"], frame["error"]["code"]) == (False, "invalid_token")
    assert watcher.connection.principal is before
    assert desk.stack.audit.rows[-1]["action"] == "ws.auth"


async def test_a_database_that_is_away_changes_nothing(desk, watcher, monkeypatch):
    async def lose(_token):
        raise Unavailable("away")

    monkeypatch.setattr(desk.stack.auth, "authenticate", lose)
    (frame,) = await refresh(desk, watcher, "x")
    assert (frame["success"], frame["error"]["code"]) == (False, "server_busy")
    assert not watcher.transport.closed


async def test_another_subject_ends_the_connection(desk, watcher):
    (frame,) = await refresh(desk, watcher, desk.stack.add_user("b"))
    assert (frame["type"], frame["code"], frame["fatal"]) == ("error", "token_mismatch", True)
    assert watcher.transport.closed_with == (1008, "token_mismatch")


async def test_another_role_ends_the_connection(desk, watcher):
    watcher.connection.principal = replace(watcher.connection.principal, role="admin")
    assert await refresh(desk, watcher, watcher.connection.user_id) == []
    assert watcher.transport.closed_with == (4500, "role_changed")


async def test_another_group_ends_the_connection(desk, watcher):
    watcher.connection.principal = replace(watcher.connection.principal, group="North")
    assert await refresh(desk, watcher, watcher.connection.user_id) == []
    assert watcher.transport.closed_with == (4500, "role_changed")


async def test_a_session_that_was_questioned_meanwhile_is_looked_at_again(desk, watcher, monkeypatch):
    user, auth = watcher.connection.user_id, desk.stack.auth
    authenticate = auth.authenticate

    async def and_log_out(token):
        principal = await authenticate(token)
        auth.endings[user] = "logged_out"
        desk.manager.revocation.recent.note(user)
        return principal

    monkeypatch.setattr(auth, "authenticate", and_log_out)
    await refresh(desk, watcher, user)
    await desk.settle()
    assert watcher.transport.closed_with == (4500, "logged_out")
