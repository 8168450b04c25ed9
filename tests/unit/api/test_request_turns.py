"""A user's requests wait for each other: some are under way, the rest wait until an answer has begun."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from app.api.request_turns import REQUESTS_AT_ONCE, RequestTurns

MORE = 3


class Floor:
    """An application whose answers begin and end when the test says so."""

    def __init__(self) -> None:
        self.begun = []  # names of requests, in order
        self.may_answer = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.begun.append(scope["path"])
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.may_end.wait()
        await send({"type": "http.response.body", "body": b""})


async def nothing(*_):
    """What is received and sent does not matter."""


class Auth:
    """Knows tokens that name their user before a hyphen."""

    def user_of(self, token):
        user, hyphen, _ = token.partition("-")
        return user if hyphen else None


def request(name, token=None, kind="http"):
    headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
    state = {"services": SimpleNamespace(auth=Auth())}
    return {"type": kind, "path": name, "headers": headers, "state": state}


@pytest.fixture
def floor():
    return Floor()


@pytest.fixture
def turns(floor):
    return RequestTurns(floor)


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
