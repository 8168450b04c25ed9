"""Whoever may no longer be connected is disconnected at once, with the right code; nobody else is."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.core.principal import Principal
from app.events.bus.base import AccessHint
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.live import Live, ending, go_live
from tests.support.realtime import Client

WITHIN_S = 30.0  # long before the next round of RARELY, which would close them too
RARELY = {"access_recheck_s": 600}


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", **RARELY) as opened:
        yield opened


@pytest.fixture
async def user_id(live):
    return await live.add_user()


async def soon(client: Client) -> tuple[int, str]:
    async with asyncio.timeout(WITHIN_S):
        return await ending(client)


async def stays(client: Client) -> None:
    await client.send(type="ping")
    await client.until("pong")


async def watch_all(stack: AsyncExitStack, live: Live, *tokens: str) -> list[Client]:
    return [await stack.enter_async_context(live.watch(token)) for token in tokens]


async def test_a_logout_closes_the_sockets_of_its_session_alone(live, user_id):
    mine, other = [(await live.sign_in("mei", USER_PASSWORD))["access_token"] for _ in range(2)]
    admin = (await live.sign_in())["access_token"]
    async with AsyncExitStack() as stack:
        one, two, elsewhere, foreign = await watch_all(stack, live, mine, mine, other, admin)
        await live.ask("POST", "/auth/logout", mine)
        assert [await soon(one), await soon(two)] == [(4500, "logged_out")] * 2
        await stays(elsewhere)
        await stays(foreign)
    assert (await live.ask("GET", "/auth/me", other)).status_code == 200


async def test_a_new_password_closes_all_sockets_of_the_user(live, user_id):
    tokens = [(await live.sign_in("mei", USER_PASSWORD))["access_token"] for _ in range(2)]
    admin = (await live.sign_in())["access_token"]
    async with AsyncExitStack() as stack:
        *own, foreign = await watch_all(stack, live, *tokens, admin)
        body = {"current_password": USER_PASSWORD, "new_password": "something else"}
        assert (await live.ask("POST", "/auth/password", tokens[0], json=body)).status_code == 204
        assert [await soon(client) for client in own] == [(4500, "logged_out")] * 2
        await stays(foreign)


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"is_active": False}, 4501, "user_disabled"),
        ({"role": "admin"}, 4500, "role_changed"),
        ({"password": "given by the admin"}, 4500, "logged_out"),
    ],
)
async def test_what_an_administrator_changes_closes_the_sockets_of_that_user(live, user_id, change, code, reason):
    tokens = [(await live.sign_in("mei", USER_PASSWORD))["access_token"] for _ in range(2)]
    admin = (await live.sign_in())["access_token"]
    async with AsyncExitStack() as stack:
        *theirs, own = await watch_all(stack, live, *tokens, admin)
        answer = await live.ask("PATCH", f"/admin/users/{user_id}", admin, json=change)
        assert answer.status_code == 200
        assert [await soon(client) for client in theirs] == [(code, reason)] * 2
        await stays(own)


async def test_a_change_of_the_address_closes_nothing(live, user_id):
    token, admin = (await live.sign_in("mei", USER_PASSWORD))["access_token"], (await live.sign_in())["access_token"]
    async with live.watch(token) as client:
        await live.ask("PATCH", f"/admin/users/{user_id}", admin, json={"email": "new@example.com"})
        await stays(client)


async def test_a_removed_user_is_disconnected(live, user_id):
    token, admin = (await live.sign_in("mei", USER_PASSWORD))["access_token"], (await live.sign_in())["access_token"]
    async with live.watch(token) as client:
        assert (await live.ask("DELETE", f"/admin/users/{user_id}", admin)).status_code == 204
        assert await soon(client) == (4501, "user_disabled")


async def test_a_copied_refresh_token_ends_the_session_and_its_sockets(live, user_id):
    pair = await live.sign_in("mei", USER_PASSWORD)
    async with live.watch(pair["access_token"]) as client:
        body = {"refresh_token": pair["refresh_token"]}
        assert (await live.http.post("/api/v1/auth/refresh", json=body)).status_code == 200
        await stays(client)
        assert (await live.http.post("/api/v1/auth/refresh", json=body)).status_code == 401
        assert await soon(client) == (4500, "logged_out")


async def test_a_lost_hint_is_made_up_for_by_the_next_round(tmp_path):
    async with go_live(tmp_path / "data", access_recheck_s=0.2) as live:
        token = (await live.sign_in())["access_token"]
        async with live.watch(token) as client:
            live.services.bus.publish = lambda hint: None
            await live.ask("POST", "/auth/logout", token)
            assert await soon(client) == (4500, "logged_out")


async def test_a_session_that_ends_while_its_socket_opens_has_no_socket(live, user_id):
    """The principal was looked up before the logout, and the hint of it came before there was a connection."""
    pair = await live.sign_in("mei", USER_PASSWORD)
    auth, manager = live.services.auth, live.services.manager
    authenticate = auth.authenticate

    async def and_log_out(token: str | None) -> Principal:
        principal = await authenticate(token)
        if token == pair["access_token"]:
            await auth.logout(principal)
            await live.until_hinted(principal.user_id)
        return principal

    manager.revocation.authenticator.authenticate = and_log_out
    async with live.open(f"token={pair['access_token']}") as client:
        assert await soon(client) == (4500, "logged_out")


async def test_a_hint_about_somebody_who_is_not_here_does_no_harm(live):
    token = (await live.sign_in())["access_token"]
    async with live.watch(token) as client:
        live.services.bus.publish(AccessHint("nobody"))
        await stays(client)
    assert (await live.sign_in("admin", ADMIN_PASSWORD))["token_type"] == "bearer"


async def test_a_session_that_its_user_ends_elsewhere_loses_its_sockets(live, user_id):
    mine, other = [(await live.sign_in("mei", USER_PASSWORD))["access_token"] for _ in range(2)]
    async with AsyncExitStack() as stack:
        one, elsewhere = await watch_all(stack, live, mine, other)
        assert (await live.ask("DELETE", "/auth/sessions", mine)).json() == {"ended": 1}
        assert await soon(elsewhere) == (4500, "logged_out")
        await stays(one)


async def test_an_administrator_closes_one_connection_and_no_other(live, user_id):
    mine, admin = (await live.sign_in("mei", USER_PASSWORD))["access_token"], (await live.sign_in())["access_token"]
    async with AsyncExitStack() as stack:
        first, second, foreign = await watch_all(stack, live, mine, mine, admin)
        listed = (await live.ask("GET", "/admin/connections", admin)).json()
        assert listed["total"] == 3
        assert [one["username"] for one in listed["items"]] == ["admin", "mei", "mei"]
        assert {(one["server"], one["subscriptions"]) for one in listed["items"]} == {(None, 0)}
        oldest = listed["items"][-1]["connection_id"]
        assert (await live.ask("DELETE", f"/admin/connections/{oldest}", mine)).status_code == 403
        assert (await live.ask("DELETE", f"/admin/connections/{oldest}", admin)).status_code == 204
        assert await soon(first) == (4500, "closed_by_admin")
        await stays(second)
        await stays(foreign)
        assert (await live.ask("DELETE", f"/admin/connections/{oldest}", admin)).status_code == 404
        assert (await live.ask("DELETE", "/admin/connections/x", admin)).status_code == 404
    (row,) = await live.audit_rows("ws.disconnect")
    assert row.object_id == oldest
