"""A connection goes on beyond its token: tickets, the warning, and `auth`, over the real application."""

import asyncio

import pytest
from pydantic import SecretStr

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.principal import Principal
from tests.support.backend import USER_PASSWORD
from tests.support.live import ending, go_live

HOUR_S = 3_600


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", ws_check_interval_s=0.05) as opened:
        await opened.add_user()
        yield opened


async def token_of(live, username="mei", password=USER_PASSWORD):
    return (await live.sign_in(username, password))["access_token"]


async def test_a_ticket_opens_the_connection_of_its_token_and_ends_with_it(live):
    answer = await live.ask("POST", "/monitor/ws/ticket", await token_of(live))
    body = answer.json()
    assert (answer.status_code, body.keys(), body["expires_in"]) == (200, {"ticket", "expires_in"}, 30)
    assert len(body["ticket"]) == 32
    assert answer.headers["cache-control"] == "no-store"
    async with live.open(f"ticket={body['ticket']}") as client:
        await client.until("connection_established")
        live.clock.turned_s = HOUR_S
        assert await ending(client) == (4001, "token_expired")


async def test_a_ticket_needs_a_token(live):
    answer = await live.http.post("/api/v1/monitor/ws/ticket")
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


@pytest.mark.parametrize("ticket", ["", "unknown", "x" * 200, "%00", "%F0%9F%8E%9F"])
async def test_what_is_no_ticket_is_refused_as_a_token_is(live, ticket):
    token = await token_of(live)
    # A good token beside it does not help.
    assert await live.refusal(f"ticket={ticket}&token={token}") == ("invalid_token", 1008, "invalid_token")


async def test_a_ticket_is_too_old_after_its_time(live):
    ticket = await live.ticket(await token_of(live))
    live.clock.turned_s = 30
    assert await live.refusal(f"ticket={ticket}") == ("invalid_token", 1008, "invalid_token")


async def test_of_two_that_use_a_ticket_at_once_one_gets_in(live):
    ticket = await live.ticket(await token_of(live))

    async def first_frame():
        async with live.open(f"ticket={ticket}") as client:
            return (await client.receive())["type"]

    assert (
        sorted(await asyncio.gather(*(first_frame() for _ in range(5)))) == ["connection_established"] + ["error"] * 4
    )


async def test_a_ticket_dies_with_its_session(live):
    token = await token_of(live)
    ticket, other = await live.ticket(token), await live.ticket(await token_of(live))
    await live.ask("POST", "/auth/logout", token)
    assert await live.refusal(f"ticket={ticket}") == ("invalid_token", 1008, "invalid_token")
    async with live.open(f"ticket={other}") as client:
        await client.until("connection_established")


async def test_a_ticket_dies_with_its_token_and_says_so(live):
    token = await token_of(live)
    live.clock.turned_s = HOUR_S - 10
    ticket = await live.ticket(token)
    live.clock.turned_s = HOUR_S
    assert await live.refusal(f"ticket={ticket}") == ("expired_token", 1008, "expired_token")


async def test_a_ticket_of_a_disabled_user_says_so(live):
    token = await token_of(live)
    ticket = await live.ticket(token)
    user_id = (await live.ask("GET", "/auth/me", token)).json()["id"]
    await live.services.users.update(user_id, {"is_active": False}, by="test")
    assert await live.refusal(f"ticket={ticket}") == ("user_disabled", 1008, "user_disabled")


async def test_a_connection_is_warned_once_and_renewed_in_place(live):
    pair = await live.sign_in("mei", USER_PASSWORD)
    task = (await live.ask("POST", "/tasks", pair["access_token"], json={"target_domain": "example.com"})).json()["id"]
    async with live.watch(pair["access_token"]) as client:
        first_end = client.frames[0]["token_expires_at"]
        await client.follow(task)
        await client.until("task_snapshot")
        live.clock.turned_s = HOUR_S - 120
        live.look_at_connections()
        live.clock.turned_s = HOUR_S - 30
        warning = await client.until("token_expiring")
        assert warning["expires_at"] == first_end
        refreshed = await live.http.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
        await client.send(type="auth", token=refreshed.json()["access_token"], id="a1")
        result = await client.until("auth_result")
        assert (result["success"], result["id"]) == (True, "a1")
        assert result["expires_at"] > first_end
        live.clock.turned_s = HOUR_S + 60  # beyond the first token's end
        live.look_at_connections()
        await live.ask("POST", f"/tasks/{task}/cancel", refreshed.json()["access_token"])
        await client.until("task_completed", task_id=task)
        assert client.tasks[task].gaps == 0
        assert [frame["type"] for frame in client.frames].count("token_expiring") == 1
        live.clock.turned_s = 2 * HOUR_S - 60
        assert (await client.until("token_expiring"))["expires_at"] == result["expires_at"]
        live.clock.turned_s = 2 * HOUR_S
        assert await ending(client) == (4001, "token_expired")


@pytest.mark.parametrize(
    ("token", "code"), [("garbage", "invalid_token"), ("", "missing_token"), ("x" * 5_000, "invalid_token")]
)
async def test_a_token_that_is_no_good_is_answered_and_changes_nothing(live, token, code):
    async with live.watch(await token_of(live)) as client:
        for number in range(5):  # no strikes: the command was understood
            await client.send(type="auth", token=token, id=str(number))
            result = await client.until("auth_result", id=str(number))
            assert (result["success"], result["error"]["code"], "expires_at" in result) == (False, code, False)
        await client.send(type="ping")
        await client.until("pong")
    rows = [row for row in await live.audit_rows("ws.auth") if row.outcome == "denied"]
    assert [row.detail for row in rows] == [{"code": code, "count": 4}, {"code": code}]  # the newest first


async def test_a_token_that_has_run_out_is_told_so(live):
    old = await token_of(live)
    live.clock.turned_s = HOUR_S - 10
    fresh = await token_of(live)
    live.clock.turned_s = HOUR_S
    async with live.watch(fresh) as client:
        await client.send(type="auth", token=old)
        assert (await client.until("auth_result"))["error"]["code"] == "expired_token"


@pytest.mark.parametrize("command", [{"type": "auth"}, {"type": "auth", "token": 5}, {"type": "auth", "token": None}])
async def test_an_auth_that_is_not_understood_is_an_error(live, command):
    async with live.watch(await token_of(live)) as client:
        await client.send(**command, id="x")
        frame = await client.until("error")
        assert (frame["code"], frame["id"]) == ("invalid_field" if "token" in command else "missing_field", "x")


async def test_a_token_of_somebody_else_ends_the_connection(live):
    async with live.watch(await token_of(live)) as client:
        await client.send(type="auth", token=(await live.sign_in())["access_token"], id="a")
        frame = await client.until("error")
        assert (frame["code"], frame["fatal"], frame["id"]) == ("token_mismatch", True, "a")
        assert await ending(client) == (1008, "token_mismatch")
    assert (await live.audit_rows("ws.auth"))[0].detail == {"code": "token_mismatch"}


async def test_after_a_renewal_the_new_session_decides(live):
    old, new = await token_of(live), await token_of(live)
    async with live.watch(old) as client:
        await client.send(type="auth", token=new)
        await client.until("auth_result", success=True)
        await live.ask("POST", "/auth/logout", old)
        await client.send(type="ping")
        await client.until("pong")
        await live.ask("POST", "/auth/logout", new)
        assert await ending(client) == (4500, "logged_out")


async def test_a_session_that_ends_during_the_renewal_ends_the_connection(live):
    old, new = await token_of(live), await token_of(live)
    auth = live.services.auth
    authenticate = auth.authenticate

    async def and_log_out(token: str | None) -> Principal:
        principal = await authenticate(token)
        if token == new:
            await auth.logout(principal)
            await live.until_hinted(principal.user_id)
        return principal

    async with live.watch(old) as client:
        auth.authenticate = and_log_out
        await client.send(type="auth", token=new)
        async with asyncio.timeout(60):
            assert await ending(client) == (4500, "logged_out")


async def test_a_renewal_does_not_carry_old_rights_over_a_change_of_role(live):
    """Although the hint of the change was lost."""
    token = await token_of(live)
    user_id = (await live.ask("GET", "/auth/me", token)).json()["id"]
    publish, live.services.bus.publish = live.services.bus.publish, lambda hint: None
    async with live.watch(token) as client:
        await live.services.users.update(user_id, {"role": "admin"}, by="test")
        await client.send(type="auth", token=await token_of(live))
        assert await ending(client) == (4500, "role_changed")
    live.services.bus.publish = publish


async def test_without_a_database_a_renewal_can_be_tried_again(live):
    token = await token_of(live)
    async with live.watch(token) as client:

        async def busy(_token: str | None) -> Principal:
            raise DatabaseUnavailable(Failure.BUSY)

        live.services.auth.authenticate = busy
        await client.send(type="auth", token=token, id="a")
        result = await client.until("auth_result")
        assert (result["success"], result["error"]["code"]) == (False, "server_busy")


async def test_a_changed_key_signs_nobody_out(tmp_path):
    old, new = SecretStr("kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"), SecretStr("pW8_aL2-xV5qN7tG9rC1eH4mK6jB3yZ0")
    async with go_live(tmp_path / "data", secret_key=old) as live:
        before = await live.sign_in()
    async with (
        go_live(tmp_path / "data", secret_key=new, secret_key_previous=old) as live,
        live.watch(before["access_token"]) as client,
    ):
        body = {"refresh_token": before["refresh_token"]}
        after = (await live.http.post("/api/v1/auth/refresh", json=body)).json()
        await client.send(type="auth", token=after["access_token"])
        await client.until("auth_result", success=True)
    async with go_live(tmp_path / "data", secret_key=new) as live:
        assert (await live.ask("GET", "/auth/me", after["access_token"])).status_code == 200
        assert (await live.ask("GET", "/auth/me", before["access_token"])).json()["code"] == "invalid_token"
