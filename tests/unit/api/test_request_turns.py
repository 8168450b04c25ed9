"""A user's requests wait for each other: some are under way, the rest wait until an answer has begun."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from app.api.request_turns import MAX_WAITING, REQUESTS_AT_ONCE, RequestTurns
from app.core.pending_write import CLIENT_DISCONNECTED

MORE = 3
MAX_BODY = 10


class Floor:
    """An application whose answers begin and end when the test says so."""

    def __init__(self) -> None:
        self.begun = []  # names of requests, in order
        self.reads = False
        self.bodies = []
        self.may_answer = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.begun.append(scope["path"])
        if self.reads:
            self.bodies.append(await whole_body(receive))
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.may_end.wait()
        await send({"type": "http.response.body", "body": b""})


async def whole_body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def nothing(*_):
    """What is received and sent does not matter."""


class Auth:
    """Knows tokens that name their user before a hyphen."""

    def user_of(self, token):
        user, hyphen, _ = token.partition("-")
        return user if hyphen else None


def request(name, token=None, kind="http"):
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    state = {"services": SimpleNamespace(auth=Auth(), settings=SimpleNamespace(language="en"))}
    return {"type": kind, "path": name, "headers": headers, "query_string": b"", "state": state}


@pytest.fixture
def floor():
    return Floor()


@pytest.fixture
def turns(floor):
    return RequestTurns(floor, max_body_bytes=MAX_BODY)


@asynccontextmanager
async def asked(turns, scopes):
    """They are all asked for, in order, and have gone as far as they can."""
    tasks = [asyncio.create_task(turns(scope, nothing, nothing)) for scope in scopes]
    await settle()
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def some(count, user):
    """Each with a token of its own."""
    return [request(f"{user}-{number}", f"{user}-{number}") for number in range(count)]


async def test_of_one_user_no_more_are_under_way_and_those_beyond_wait_in_order(turns, floor):
    scopes = some(REQUESTS_AT_ONCE + MORE, "a")
    async with asked(turns, scopes) as tasks:
        assert floor.begun == [scope["path"] for scope in scopes[:REQUESTS_AT_ONCE]]
        floor.may_end.set()
        floor.may_answer.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert floor.begun == [scope["path"] for scope in scopes]


@pytest.mark.parametrize(
    "other",
    [request("other", "b-0"), request("other", "forged"), request("other"), request("other", "a-0", kind="websocket")],
)
async def test_nobody_else_and_nothing_else_waits_for_them(turns, floor, other):
    async with asked(turns, [*some(REQUESTS_AT_ONCE + MORE, "a"), other]):
        assert "other" in floor.begun


async def test_an_answer_that_goes_on_for_long_holds_nobody_up(turns, floor):
    floor.may_answer.set()
    async with asked(turns, some(REQUESTS_AT_ONCE + MORE, "a")):
        assert len(floor.begun) == REQUESTS_AT_ONCE + MORE


async def test_one_that_is_given_up_gives_its_turn_to_the_next(turns, floor):
    async with asked(turns, some(REQUESTS_AT_ONCE + 1, "a")) as tasks:
        tasks[0].cancel()
        await settle()
        assert len(floor.begun) == REQUESTS_AT_ONCE + 1


class Upload:
    """A body of chunks, of which the last comes when the test says so."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)
        self.may_end = asyncio.Event()

    async def __call__(self):
        if len(self.chunks) == 1:
            await self.may_end.wait()
        return {"type": "http.request", "body": self.chunks.pop(0), "more_body": bool(self.chunks)}


def upload(name, token, **headers):
    scope = request(name, token)
    more = {"transfer-encoding": "chunked", **headers}
    scope["headers"] += [(key.replace("_", "-").encode(), value.encode()) for key, value in more.items()]
    return scope


async def test_a_slow_upload_holds_nobody_up_and_arrives_whole(turns, floor):
    floor.reads = True
    uploads = [Upload(b"ab", b"cd", b"e") for _ in range(REQUESTS_AT_ONCE)]
    slow = [
        asyncio.create_task(turns(upload(f"slow-{number}", f"a-{number}"), one, nothing))
        for number, one in enumerate(uploads)
    ]
    await settle()
    assert floor.begun == []
    floor.may_end.set()
    floor.may_answer.set()
    floor.reads = False
    await asyncio.wait_for(turns(request("quick", "a-9"), nothing, nothing), 5)
    floor.reads = True
    for one in uploads:
        one.may_end.set()
    await asyncio.wait_for(asyncio.gather(*slow), 5)
    assert floor.bodies == [b"abcde"] * REQUESTS_AT_ONCE


@pytest.mark.parametrize("announced", [{}, {"content_length": "11"}, {"content_length": "many"}])
async def test_a_body_that_is_too_large_is_passed_on_to_be_refused(turns, floor, announced):
    one = Upload(b"abcdef", b"ghijkl", b"m")
    if announced:
        one.chunks = [b"never asked for"]
    task = asyncio.create_task(turns(upload("large", "a-0", **announced), one, nothing))
    await settle()
    assert floor.begun == ["large"]
    assert len(one.chunks) == 1
    task.cancel()
    await asyncio.wait([task])


async def test_no_more_wait_than_a_browser_ever_asks_for(turns, floor):
    said = []

    async def send(message):
        said.append(message)

    async with asked(turns, some(REQUESTS_AT_ONCE + MAX_WAITING, "a")):
        await turns(request("beyond", "a-0"), nothing, send)
        assert said[0]["status"] == 429
        assert (b"retry-after", b"5") in said[0]["headers"]
        assert b"rate_limited" in said[1]["body"]
        assert "beyond" not in floor.begun


async def test_what_waited_for_a_client_that_has_gone_is_not_carried_out(turns, floor):
    gone = request("gone", "a-9") | {CLIENT_DISCONNECTED: lambda: True}
    async with asked(turns, [*some(REQUESTS_AT_ONCE, "a"), gone, request("next", "a-8")]):
        floor.may_answer.set()
        await settle()
        assert "gone" not in floor.begun
        assert "next" in floor.begun
