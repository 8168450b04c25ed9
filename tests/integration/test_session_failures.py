"""A connection whose beginning or whose command fails: the client hears of it, and nothing of it is left."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from tests.support.realtime import Client, Stack, open_client, until


async def away(*_):
    raise DatabaseUnavailable(Failure.BUSY)


@pytest.fixture
async def stack(tmp_path):
    async with asyncio.timeout(30), Stack(tmp_path).serve() as stack:
        yield stack
        await until(lambda: len(stack.manager.registry) == 0)
        assert stack.manager.dispatcher.channels == {}


async def test_a_token_that_cannot_be_looked_up_is_refused_before_the_upgrade(stack, monkeypatch):
    user = stack.add_user("a")
    monkeypatch.setattr(stack.auth, "authenticate", away)
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{stack.url}?token={user}", proxy=None)
    assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (503, "5")


async def test_a_database_that_goes_away_after_the_token_was_looked_up_is_said(stack, monkeypatch):
    user = stack.add_user("a")
    monkeypatch.setattr(stack.db, "read", away)
    async with connect(f"{stack.url}?token={user}", proxy=None) as socket:
        said = await Client(socket).receive()
        assert (said["type"], said["code"], said["fatal"]) == ("error", "server_busy", True)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert (socket.close_code, socket.close_reason) == (1011, "server_busy")


async def test_a_command_that_fails_ends_its_connection_and_no_other(stack, monkeypatch):
    user = stack.add_user("a")
    async with open_client(stack, user) as unlucky, open_client(stack, user) as other:
        handle = stack.manager.command_handler.handle
        (failing,) = [
            one for one in stack.manager.registry.all() if one.connection_id == unlucky.frames[0]["connection_id"]
        ]

        async def fail(connection, message):
            if connection is failing:
                raise RuntimeError("unheard of")
            await handle(connection, message)

        monkeypatch.setattr(stack.manager.command_handler, "handle", fail)
        for _ in range(3):
            await unlucky.send(type="ping")
        with pytest.raises(ConnectionClosed):
            await unlucky.receive()
        assert unlucky.socket.close_code == 1011
        await other.send(type="ping")
        assert (await other.until("pong"))["ping_count"] == 1


async def test_many_commands_at_once_are_answered_in_order(stack):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        for number in range(200):
            await client.send(type="ping", id=str(number))
        answers = [await client.until("pong") for _ in range(200)]
    assert [answer["id"] for answer in answers] == [str(number) for number in range(200)]
