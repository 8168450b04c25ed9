"""The shell around the rule, over sockets that say what a test wants."""

import asyncio
import json
from contextlib import aclosing, asynccontextmanager

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus, InvalidURI
from websockets.frames import Close
from websockets.http11 import Response

from app.client.errors import ClientError, ServerUnreachable, SignInFailed, Stopped, TaskLost
from app.client.monitor import Connecting, Live, MonitorClient, Waiting
from app.core.aio import end_tasks
from tests.support.realtime import until

TASK = "t1"
WELCOME = {"type": "connection_established", "connection_id": "c1"}
SNAPSHOT = {"type": "task_snapshot", "task_id": TASK, "seq": 4, "attempt": 1, "timestamp": "now"}
EXPIRING = {
    "type": "token_expiring",
    "expires_at": "2026-01-01T01:00:00.000Z",
    "timestamp": "2026-01-01T00:59:00.000Z",
}
DELETED = {"type": "task_deleted", "task_id": TASK, "seq": 5, "prev_seq": 4, "attempt": 1, "timestamp": "now"}


def closed(code, reason=""):
    return ConnectionClosedError(Close(code, reason), None)


def refused(status, **headers):
    return InvalidStatus(Response(status, "no", Headers({k.replace("_", "-"): v for k, v in headers.items()})))


class Script:
    """One connection: frames and errors in order; then silence. It answers each command with success."""

    def __init__(self, *items, answers=True, opening=None):
        self.items = list(items)
        self.answers = answers
        self.opening = opening  # raised instead of opening
        self.sent = []
        self._replies = asyncio.Queue()

    async def send(self, message):
        command = json.loads(message)
        self.sent.append(command)
        if self.answers and command["type"] != "auth":
            reply = {"type": "subscription_result", "task_id": TASK, "action": "subscribe", "success": True}
            place = {"recovered": True, "seq": command["last_seq"]} if "last_seq" in command else {}
            self._replies.put_nowait({**reply, **place, "id": command["id"]})

    async def recv(self):
        if not self.sent and self.items and self.items[0] is not WELCOME and not isinstance(self.items[0], Exception):
            return json.dumps(WELCOME)
        if self._replies.empty() and self.items:
            item = self.items.pop(0)
            if isinstance(item, Exception):
                raise item
            return json.dumps(item)
        return json.dumps(await self._replies.get())


def raise_next(errors):
    error = errors.pop(0) if errors else None
    if error is not None:
        raise error


class World:
    """Opens the scripts one after the other, and remembers what was asked and told."""

    def __init__(self, *scripts, tickets=(), tokens=(), **options):
        """`tickets`, `tokens`: errors to answer with first; None: answer as ever."""
        self.scripts = list(scripts)
        self.tickets = list(tickets)
        self.tokens = list(tokens)
        self.opened = []
        self.asked = []
        self.renewals = []
        self.states = []
        self.client = MonitorClient(
            "http://backend.test:8000/",
            self.token,
            on_state=self.states.append,
            open_socket=self.open,
            ask_ticket=self.ticket,
            **{"chance": lambda: 0.0, **options},
        )

    async def token(self, *, renew):
        self.renewals.append(renew)
        raise_next(self.tokens)
        return f"token {len(self.renewals)}"

    async def ticket(self, address, token):
        self.asked.append((address, token))
        raise_next(self.tickets)
        return f"ticket {len(self.asked)}"

    @asynccontextmanager
    async def open(self, uri):
        script = self.scripts.pop(0)
        self.opened.append(uri)
        if script.opening is not None:
            raise script.opening
        yield script

    async def collect(self, count=1_000):
        found = []
        async with asyncio.timeout(30), aclosing(self.client.follow(TASK)) as events:
            async for event in events:
                found.append(event)
                if len(found) == count:
                    break
        return found


async def waits(world):
    """What it says while it waits, which it goes on to do."""
    collecting = asyncio.create_task(world.collect())
    try:
        await until(lambda: collecting.done() or any(isinstance(state, Waiting) for state in world.states))
        await asyncio.sleep(0.1)  # in which it would come again
        assert not collecting.done()
        return world.states[-1]
    finally:
        await end_tasks([collecting])


async def test_it_follows_until_the_task_is_deleted_and_tells_its_states():
    world = World(Script(SNAPSHOT, DELETED))
    assert [event.type for event in await world.collect()] == ["task_snapshot", "task_deleted"]
    assert world.states == [Connecting(0), Live("c1")]
    assert world.asked == [("http://backend.test:8000/api/v1/monitor/ws/ticket", "token 1")]
    assert world.opened == ["ws://backend.test:8000/api/v1/monitor/ws?ticket=ticket%201"]


async def test_the_language_of_the_texts_is_asked_for_where_the_socket_is_opened():
    world = World(Script(SNAPSHOT, DELETED), language="en")
    await world.collect()
    assert world.opened == ["ws://backend.test:8000/api/v1/monitor/ws?ticket=ticket%201&lang=en"]


async def test_after_a_cut_it_goes_on_where_it_was():
    second = Script(DELETED)
    world = World(Script(SNAPSHOT, ConnectionClosedError(None, None)), second)
    assert [event.seq for event in await world.collect()] == [4, 5]
    assert second.sent[0]["last_seq"] == 4
    assert world.states[2:4] == [Waiting(0.0, "1006"), Connecting(0)]


@pytest.mark.parametrize("trouble", [OSError("refused"), TimeoutError(), refused(503), refused(429), refused(403)])
async def test_a_server_that_is_not_there_is_tried_again(trouble):
    world = World(Script(opening=trouble), Script(opening=trouble), Script(SNAPSHOT))
    assert len(await world.collect(1)) == 1
    assert [state.tries for state in world.states if isinstance(state, Connecting)] == [0, 1, 2]


async def test_retry_after_is_waited_for():
    world = World(Script(opening=refused(503, Retry_After="7")))
    assert await waits(world) == Waiting(7.0, "http_503")


async def test_the_servers_advice_is_waited_for():
    advice = {"type": "reconnect_advice", "reason": "restart", "delay_min_ms": 4_000, "delay_max_ms": 9_000}
    world = World(Script(WELCOME, advice, closed(1012)))
    assert await waits(world) == Waiting(4.0, "1012")


async def test_after_too_many_strikes_it_waits_as_long_as_it_was_told():
    error = {"type": "error", "code": "bad_json", "fatal": True, "retry_after_ms": 60_000}
    world = World(Script(WELCOME, error, closed(4029, "bad_json")))
    assert await waits(world) == Waiting(60.0, "bad_json")


@pytest.mark.parametrize("end", [closed(1008, "expired_token"), closed(4001)])
async def test_an_expired_token_is_renewed(end):
    world = World(Script(end), Script(SNAPSHOT))
    await world.collect(1)
    assert world.renewals == [False, True]
    assert world.opened[1].endswith("ticket%202")


async def test_a_renewed_token_that_has_expired_too_stops():
    world = World(Script(closed(1008, "expired_token")), Script(closed(1008, "expired_token")))
    with pytest.raises(Stopped) as stopped:
        await world.collect()
    assert (stopped.value.code, stopped.value.close_code) == ("expired_token", 1008)


async def test_each_expiry_of_a_long_watch_is_renewed():
    world = World(Script(WELCOME, closed(4001)), Script(WELCOME, closed(4001)), Script(SNAPSHOT))
    await world.collect(1)
    assert world.renewals == [False, True, True]


async def test_a_token_that_gets_no_ticket_because_it_has_expired_is_renewed_once():
    expired = SignInFailed("old", code="expired_token")
    world = World(Script(SNAPSHOT), tickets=[expired])
    await world.collect(1)
    assert (world.renewals, world.asked[1][1], len(world.opened)) == ([False, True], "token 2", 1)
    assert world.states[1] == Waiting(0.0, "expired_token")
    with pytest.raises(Stopped) as stopped:
        await World(tickets=[expired, expired]).collect()
    assert (stopped.value.code, stopped.value.close_code) == ("expired_token", None)


@pytest.mark.parametrize(
    "error",
    [SignInFailed("x", code="invalid_token"), SignInFailed("x", code="user_disabled"), ClientError("x", code="y")],
)
async def test_a_token_that_gets_no_ticket_for_another_reason_stops(error):
    with pytest.raises(Stopped) as stopped:
        await World(tickets=[error]).collect()
    assert stopped.value.code == error.code


async def test_a_server_that_has_no_ticket_now_is_asked_again():
    away = ServerUnreachable("x", code="unreachable")
    world = World(Script(SNAPSHOT), tickets=[away, away])
    await world.collect(1)
    assert (world.renewals, len(world.asked), len(world.opened)) == ([False] * 3, 3, 1)


async def test_a_server_with_too_many_tickets_is_asked_again_when_it_says():
    world = World(tickets=[ServerUnreachable("x", code="rate_limited", retry_after_s=30.0)])
    assert await waits(world) == Waiting(30.0, "rate_limited")


async def test_a_ticket_that_was_void_before_it_was_used_is_replaced():
    world = World(Script(closed(1008, "invalid_token")), Script(SNAPSHOT))
    await world.collect(1)
    assert (len(world.asked), world.renewals) == (2, [False, False])


async def test_a_token_is_renewed_on_its_connection_before_it_expires():
    script = Script(SNAPSHOT, EXPIRING, {"type": "auth_result", "success": True}, DELETED)
    world = World(script)
    assert [event.seq for event in await world.collect()] == [4, 5]
    assert script.sent[-1] == {"type": "auth", "token": "token 2"}
    assert (world.renewals, len(world.opened)) == ([False, True], 1)


@pytest.mark.parametrize(
    "error", [SignInFailed("x", code="y"), ServerUnreachable("x", code="y"), ClientError("x", code="y")]
)
async def test_without_a_fresh_token_the_old_one_serves_to_its_end(error):
    first, second = Script(SNAPSHOT, EXPIRING, closed(4001)), Script(DELETED)
    world = World(first, second, tokens=[None, error])
    assert [event.seq for event in await world.collect()] == [4, 5]
    assert [command["type"] for command in first.sent] == ["subscribe_task"]
    assert world.renewals == [False, True, True]


async def test_not_everybody_who_is_warned_at_once_renews_at_once():
    client = World(chance=lambda: 0.5).client
    assert [client.renewal_delay_s(left_s) for left_s in (60.0, 1.0, 0.0, -3.0)] == [15.0, 0.25, 0.0, 0.0]
    late = Script(SNAPSHOT, EXPIRING)
    world = World(late, chance=lambda: 1.0)
    reading = asyncio.create_task(world.collect())
    async with asyncio.timeout(30):
        while late.items:  # noqa: ASYNC110 - foreign state
            await asyncio.sleep(0.01)
    reading.cancel()
    assert world.renewals == [False]


@pytest.mark.parametrize("code", ["expired_token", "invalid_token", "server_busy"])
async def test_a_fresh_token_that_is_not_taken_opens_another_connection(code):
    failed = {"type": "auth_result", "success": False, "error": {"code": code, "message": "no"}}
    second = Script(DELETED)
    world = World(Script(SNAPSHOT, EXPIRING, failed), second)
    assert [event.seq for event in await world.collect()] == [4, 5]
    assert second.sent[0]["last_seq"] == 4
    assert world.states[2] == Waiting(0.0, code)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (closed(1008, "token_mismatch"), "token_mismatch"),
        (closed(1008, "user_disabled"), "user_disabled"),
        (closed(4500), "logged_out"),
        (closed(4501), "user_disabled"),
        (closed(4503), "connection_limit"),
    ],
)
async def test_a_refusal_stops_with_its_code(end, code):
    with pytest.raises(Stopped) as stopped:
        await World(Script(WELCOME, end)).collect()
    assert stopped.value.code == code


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_what_is_no_monitoring_endpoint_stops(status):
    with pytest.raises(Stopped, match=str(status)):
        await World(Script(opening=refused(status))).collect()


async def test_an_address_that_no_socket_takes_stops():
    with pytest.raises(Stopped) as stopped:
        await World(Script(opening=InvalidURI("ws://x", "bad"))).collect()
    assert stopped.value.code == "invalid_url"


async def test_a_task_that_is_not_there_is_lost():
    answer = {"type": "subscription_result", "task_id": TASK, "action": "subscribe", "success": False, "id": "f1"}
    script = Script({**answer, "error": {"code": "not_found", "message": "no"}}, answers=False)
    with pytest.raises(TaskLost) as lost:
        await World(script).collect()
    assert lost.value.code == "not_found"


async def test_a_token_provider_without_an_answer_is_asked_again_one_without_a_token_ends_it():
    answers = [ServerUnreachable("no", code="unreachable"), SignInFailed("over", code="expired_token")]

    async def token(*, renew):
        raise answers.pop(0)

    client = MonitorClient("http://backend.test", token, chance=lambda: 0.0)
    with pytest.raises(SignInFailed):
        await anext(client.follow(TASK))
    assert answers == []


async def test_a_command_without_an_answer_is_sent_again():
    script = Script(SNAPSHOT, answers=False)
    world = World(script, answer_timeout_s=0.05)
    subscription = asyncio.create_task(world.collect(1))
    async with asyncio.timeout(30):
        while len(script.sent) < 3:  # noqa: ASYNC110 - foreign state
            await asyncio.sleep(0.01)
    subscription.cancel()
    assert [command["id"] for command in script.sent[:3]] == ["f1", "f2", "f3"]


async def test_a_connection_that_says_nothing_is_given_up_also_while_commands_are_repeated():
    world = World(Script(WELCOME, answers=False), Script(SNAPSHOT), answer_timeout_s=0.05, silent_after_s=0.2)
    await world.collect(1)
    assert world.states[2] == Waiting(0.0, "no_answer")
