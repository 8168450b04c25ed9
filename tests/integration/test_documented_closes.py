"""A running server is asked for every code that docs/errors.md promises of the WebSocket: of errors, of snapshots, of
closes with their reasons, and of answers instead of the upgrade.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.ids import new_id
from app.core.principal import Principal
from app.events.event import NewEvent
from app.events.types import TaskProgress
from app.findings.recorder import Recorder
from app.maintenance.queries import retention
from tests.docs.markdown import read, rows, section
from tests.support.backend import USER_PASSWORD
from tests.support.live import Live, ending, go_live
from tests.support.realtime import Client, warning

DOCUMENT = read("docs/errors.md")
AT_ONCE = {"ws_handshakes_per_s_per_address": 1_000}


def table(title: str) -> list[list[str]]:
    return [[cell.replace("`", "") for cell in cells] for cells in rows(section(DOCUMENT, title))]


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", ws_max_subscriptions=1, replay_max_events=3, **AT_ONCE) as live:
        yield live


@pytest.fixture
async def token(live):
    await live.add_user()
    return (await live.sign_in("mei", USER_PASSWORD))["access_token"]


async def add_task(live: Live, token: str) -> str:
    principal = await live.services.auth.authenticate(token)
    lifecycle, writer, task_id = live.services.lifecycle, live.services.event_writer, new_id()
    await writer.write(lifecycle.create(task_id, user_id=principal.user_id, target_domain="a.example", config={}))
    await writer.write(lifecycle.claim(task_id, 1, "w", "a.example"))
    return task_id


async def say(live: Live, task_id: str, *bodies: Any) -> int:
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=live.services.clock)
    written = await live.services.event_writer.write(recorder.record([NewEvent(body) for body in bodies]))
    return int(written.last_seq)


# Errors


COMMANDS: dict[str, str | bytes] = {
    "bad_json": "nonsense",
    "bad_type": "[1]",
    "unknown_type": '{"type": "dance"}',
    "missing_field": '{"type": "subscribe_task"}',
    "invalid_field": '{"type": "subscribe_task", "task_id": 7}',
    "binary_not_supported": b'{"type": "ping"}',
    "too_large": '{"type": "ping", "client_time": "' + "x" * 9_000 + '"}',
    "not_found": '{"type": "subscribe_task", "task_id": "nothing"}',
    "not_subscribed": '{"type": "unsubscribe_task", "task_id": "nothing"}',
}
CLOSING = {"missing_token", "invalid_token", "expired_token", "user_disabled", "insufficient_scope", "token_mismatch"}
BY_THEMSELVES = {"rate_limited", "subscription_limit", "server_busy", "database_damaged"}
RESERVED = {"history_pruned", "internal"}


def test_every_code_of_an_error_is_asked_for():
    said = [code for code, *more in table("Errors on the WebSocket") if len(more) > 1]
    assert {*COMMANDS, *CLOSING, *BY_THEMSELVES, *RESERVED} == set(said)


def code_of(frame: dict[str, Any]) -> str | None:
    return frame.get("code") or (frame.get("error") or {}).get("code")


async def answer_to(client: Client, command: str | bytes) -> str | None:
    await client.socket.send(command)
    while (code := code_of(await client.receive())) is None:
        pass
    return code


@pytest.mark.parametrize("code", COMMANDS)
async def test_a_command_is_answered_with_the_code_and_counts_as_the_document_says(live, token, code):
    (strike,) = (cells[2] for cells in table("Errors on the WebSocket") if cells[0] == code and len(cells) > 2)
    async with live.watch(token) as client:
        assert await answer_to(client, COMMANDS[code]) == code
        await client.socket.send(COMMANDS[code])
        await client.socket.send(COMMANDS[code])
        if strike.startswith("yes"):
            assert await ending(client) == (4029, code)
        else:
            assert strike == "no"
            await client.send(type="ping")
            await client.until("pong")


async def test_too_many_commands_and_tasks_are_said(live, token):
    first, second = [await add_task(live, token) for _ in range(2)]
    async with live.watch(token) as client:
        await client.follow(first)
        await client.send(type="subscribe_task", task_id=second)
        refused = await client.until("subscription_result", task_id=second)
        assert refused["error"]["code"] == "subscription_limit"
        for _ in range(400):
            await client.send(type="get_status")
        assert (await client.until("error"))["code"] == "rate_limited"


async def away(*_: object) -> None:
    raise DatabaseUnavailable(Failure.BUSY)


async def fail(*_: object) -> None:
    raise RuntimeError("unheard of")


async def test_a_database_that_is_away_is_said_and_costs_nothing(live, token, monkeypatch):
    async with live.watch(token) as client:
        monkeypatch.setattr(live.services.db, "read", away)
        for _ in range(4):
            await client.send(type="subscribe_task", task_id="any")
            assert code_of(await client.until("subscription_result")) == "server_busy"


async def fail_for_good(*_: object) -> None:
    raise DatabaseDamaged


async def test_a_task_whose_part_of_the_database_is_damaged_cannot_be_followed(live, token, monkeypatch):
    async with live.watch(token) as client:
        monkeypatch.setattr(live.services.db, "read", fail_for_good)
        for _ in range(4):
            await client.send(type="subscribe_task", task_id="any")
            assert code_of(await client.until("subscription_result")) == "database_damaged"


async def test_a_connection_that_begins_while_the_database_is_away_is_closed_with_1011(live, token, monkeypatch):
    user = await live.services.auth.authenticate(token)

    async def known(*_: object) -> Principal:
        return user

    monkeypatch.setattr(live.services.auth, "authenticate", known)
    monkeypatch.setattr(live.services.db, "read", away)
    assert await live.refusal(f"token={token}") == ("server_busy", 1011, "server_busy")


async def test_an_internal_error_closes_with_1011_and_nothing_before_it(live, token, monkeypatch):
    async with live.watch(token) as client:
        monkeypatch.setattr(live.services.manager.command_handler, "handle", fail)
        await client.send(type="ping")
        assert await ending(client) == (1011, "internal")
        assert [frame["type"] for frame in client.frames] == ["connection_established"]


# Snapshots


def snapshot_reasons() -> set[str]:
    return {reason for reason, _ in table("Why a snapshot came instead of a replay")}


async def pruned(live: Live, client: Client, task_id: str) -> dict[str, Any]:
    last = await say(live, task_id, progress(1), progress(2))
    cursors = [retention.PendingPrune(task_id, last, 100)]
    await live.services.db.write(lambda c: retention.prune_events(c, cursors, 200, retention.PROGRESS))
    return {"last_seq": last - 2}


def progress(percent: int) -> TaskProgress:
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message="",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


async def far_behind(live: Live, client: Client, task_id: str) -> dict[str, Any]:
    await say(live, task_id, *(warning(str(number)) for number in range(5)))
    return {"last_seq": 1}


async def other_topics(live: Live, client: Client, task_id: str) -> dict[str, Any]:
    await client.send(type="subscribe_task", task_id=task_id)
    result = await client.until("subscription_result", task_id=task_id)
    return {"last_seq": result["seq"], "topics": ["logs"]}


async def ahead(*_: object) -> dict[str, Any]:
    return {"last_seq": 10_000}


async def of_another_epoch(*_: object) -> dict[str, Any]:
    return {"last_seq": 1, "epoch": "another"}


REASONS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "history_pruned": pruned,
    "epoch": of_another_epoch,
    "ahead_of_log": ahead,
    "too_much": far_behind,
    "topics_changed": other_topics,
}


def test_every_reason_of_a_snapshot_is_asked_for():
    assert set(REASONS) == snapshot_reasons()


@pytest.mark.parametrize("reason", REASONS)
async def test_a_snapshot_comes_instead_of_a_replay_for_the_reason_of_the_document(live, token, reason):
    task_id = await add_task(live, token)
    async with live.watch(token) as client:
        position = await REASONS[reason](live, client, task_id)
        await client.send(type="subscribe_task", task_id=task_id, **position, id="asked")
        result = await client.until("subscription_result", id="asked")
        assert (result["success"], result.get("recovered"), result.get("reason")) == (True, False, reason)
        assert (await client.until("task_snapshot"))["seq"] == result["seq"]


# Ends


async def refused(live: Live, query: str) -> tuple[int, str]:
    code, *end = await live.refusal(query)
    assert code == end[1]
    return end[0], end[1]


async def late(live: Live, token: str) -> tuple[int, str]:
    live.clock.turned_s += 4_000
    return await refused(live, f"token={token}")


async def disabled(live: Live, token: str) -> tuple[int, str]:
    await disable(live, token)
    return await refused(live, f"token={token}")


async def disable(live: Live, token: str) -> None:
    user = await live.services.auth.authenticate(token)
    await live.services.users.update(user.user_id, {"is_active": False}, by="test")


def watched(act: Callable[[Live, str, Client], Awaitable[object]]) -> Callable[[Live, str], Awaitable[tuple[int, str]]]:
    """How a welcomed connection ends after something was done."""

    async def provoke(live: Live, token: str) -> tuple[int, str]:
        async with live.watch(token) as client:
            await act(live, token, client)
            return await ending(client)

    return provoke


async def other_token(live: Live, _token: str, client: Client) -> None:
    await client.send(type="auth", token=(await live.sign_in())["access_token"])


async def run_out(live: Live, _token: str, _client: Client) -> None:
    live.clock.turned_s += 4_000
    live.look_at_connections()


async def lose_role(live: Live, token: str, _client: Client) -> None:
    user = await live.services.auth.authenticate(token)
    await live.services.users.update(user.user_id, {"role": "admin"}, by="test")


async def close_by_admin(live: Live, _token: str, client: Client) -> None:
    admin = (await live.sign_in())["access_token"]
    await live.ask("DELETE", f"/admin/connections/{client.frames[0]['connection_id']}", admin)


async def one_too_many(live: Live, token: str) -> tuple[int, str]:
    async with live.watch(token) as oldest:
        others = [live.watch(token) for _ in range(10)]
        for other in others:
            await other.__aenter__()
        try:
            return await ending(oldest)
        finally:
            for other in others:
                await other.__aexit__(None, None, None)


async def fall_silent(live: Live, _token: str, _client: Client) -> None:
    """As if a minute had gone by in which nothing came."""
    (connection,) = live.services.manager.registry.all()
    connection.transport.last_received -= 100
    live.look_at_connections()


async def close_normally(_live: Live, _token: str, client: Client) -> None:
    await client.socket.close(1000)


async def say_nonsense(_live: Live, _token: str, client: Client) -> None:
    for _ in range(3):
        await client.socket.send("nonsense")


async def make_key(live: Live, token: str, scope: str) -> dict[str, str]:
    answer = await live.ask("POST", "/auth/keys", token, json={"name": "k", "scopes": [scope]})
    return {"id": answer.json()["key_id"], "Authorization": f"Bearer {answer.json()['key']}"}


async def with_key_that_may_not_read(live: Live, token: str) -> tuple[int, str]:
    key = await make_key(live, token, "scan")
    code, *end = await live.refusal("lang=en", additional_headers={"Authorization": key["Authorization"]})
    assert code == end[1]
    return end[0], end[1]


async def revoke_key(live: Live, token: str) -> tuple[int, str]:
    key = await make_key(live, token, "read")
    async with live.open("lang=en", additional_headers={"Authorization": key["Authorization"]}) as client:
        await client.until("connection_established")
        await live.ask("DELETE", f"/auth/keys/{key['id']}", token)
        return await ending(client)


ENDS: dict[tuple[int, str], Callable[[Live, str], Awaitable[tuple[int, str]]]] = {
    (1008, "missing_token"): lambda live, _: refused(live, "lang=en"),
    (1008, "invalid_token"): lambda live, _: refused(live, "ticket=used"),
    (1008, "expired_token"): late,
    (1008, "user_disabled"): disabled,
    (1008, "insufficient_scope"): with_key_that_may_not_read,
    (1008, "token_mismatch"): watched(other_token),
    (1012, "restart"): watched(lambda live, *_: live.services.manager.stop()),
    (4001, "token_expired"): watched(run_out),
    (4010, "heartbeat_missed"): watched(fall_silent),
    (4029, "bad_json"): watched(say_nonsense),
    (4500, "logged_out"): watched(lambda live, token, _: live.ask("POST", "/auth/logout", token)),
    (4500, "key_revoked"): revoke_key,
    (4500, "role_changed"): watched(lose_role),
    (4500, "closed_by_admin"): watched(close_by_admin),
    (4501, "user_disabled"): watched(lambda live, token, _: disable(live, token)),
    (4503, "connection_limit"): one_too_many,
}
# 1000 and 1001 are the client's, 1011 is above, and 4008 needs a client that reads nothing: test_flow_control.py.
OTHERS = {(1000, ""), (1001, ""), (1011, "internal"), (1011, "server_busy"), (4008, "too_slow")}


def test_every_close_code_is_asked_for_with_each_of_its_reasons():
    said = set()
    for code, reasons, _, _ in (cells for cells in table("Close codes") if cells[0].isdigit()):
        named = ["bad_json"] if "last error" in reasons else reasons.split(", ")
        said |= {(int(code), reason) for reason in named}
    assert {*ENDS, *OTHERS} == said


@pytest.mark.parametrize("end", ENDS, ids=[f"{code}-{reason}" for code, reason in ENDS])
async def test_a_connection_ends_with_the_code_and_the_reason_of_the_document(live, token, end):
    assert await ENDS[end](live, token) == end


@pytest.mark.parametrize(
    ("code", "frame"),
    [
        (1002, b"\xc1\x81\0\0\0\0x"),  # a bit of an extension that was not agreed upon
        (1007, Frame(Opcode.TEXT, b"\xff").serialize(mask=True)),
        (1009, Frame(Opcode.TEXT, b"x" * 70_000).serialize(mask=True)),
    ],
    ids=[1002, 1007, 1009],  # a frame is masked with what is rendered
)
async def test_the_layer_below_closes_with_the_codes_of_the_document(live, token, code, frame):
    assert f"{code} (" in section(DOCUMENT, "Close codes")
    async with live.watch(token) as client:
        client.socket.transport.write(frame)
        with pytest.raises(ConnectionClosed) as closed:
            await client.socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


# Before the upgrade


REFUSED: dict[str, dict[str, Any]] = {
    "origin_not_allowed": {},
    "handshake_rate": {"ws_handshakes_per_s_per_address": 0.001},
    "address_limit": {"ws_max_connections_per_address": 1},
    "process_limit": {"ws_max_connections": 1},
    "server_busy": {},
    "stopping": {},
}


def test_every_reason_to_refuse_the_upgrade_is_asked_for():
    assert set(REFUSED) == {reason for reason, *_ in table("Refused before the upgrade")}


@pytest.mark.parametrize("reason", REFUSED)
async def test_an_upgrade_is_refused_with_the_status_and_the_word_of_the_document(tmp_path, monkeypatch, reason):
    (status,) = (int(status) for said, status, _ in table("Refused before the upgrade") if said == reason)
    async with go_live(tmp_path / "data", **{**AT_ONCE, **REFUSED[reason]}) as live:
        token = (await live.sign_in())["access_token"]
        async with live.watch(token):
            origin = "https://elsewhere.example" if reason == "origin_not_allowed" else None
            if reason == "stopping":
                live.services.manager.stopping = True
            if reason == "server_busy":
                monkeypatch.setattr(live.services.auth, "authenticate", away)
            with pytest.raises(InvalidStatus) as refusal:
                await connect(f"{live.ws_url}?token={token}", proxy=None, origin=origin)
    answer = refusal.value.response
    assert (answer.status_code, answer.body) == (status, reason.encode())
    assert ("retry-after" in answer.headers) == (status != 403)


async def test_what_is_no_handshake_gets_a_status_without_a_body(live):
    """The document names 400, 405, 426 and 431."""
    upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    version, key = "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    requests = {
        400: ("GET", upgrade + version),
        405: ("POST", upgrade + version + key),
        426: ("GET", upgrade + key.replace("Key", "Version").replace("dGhlIHNhbXBsZSBub25jZQ==", "8") + key),
        431: ("GET", upgrade + version + key + f"X: {'x' * 9_000}\r\n"),
    }
    host, _, port = live.url.removeprefix("http://").partition(":")
    for status, (method, headers) in requests.items():
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{method} /api/v1/monitor/ws HTTP/1.1\r\n{headers}\r\n".encode())
        async with asyncio.timeout(60):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), head
        assert body == b""
        assert str(status) in section(DOCUMENT, "Refused before the upgrade")
