"""What servers know of each other: who is connected where, who has too many, and which of them is not heard."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Interval, literal, select, update

from app.core.clock import SystemClock
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.domain.close_codes import CloseCode
from app.events.bus.base import AccessHint
from app.websocket.connections.peer_servers import LISTED_S, SILENT_AFTER_S, Nowhere, OtherServers
from app.websocket.tables import open_connections, servers
from tests.support.realtime import until

MOST = 3
HERE = "192.0.2.1"


class Hints(list):
    publish = list.append


class Server:
    """One of several with a database."""

    def __init__(self, url):
        self.db = Database(url)
        self.hints, self.closed = Hints(), []
        self.others = OtherServers(
            db=self.db,
            bus=self.hints,
            clock=SystemClock(),
            host="web",
            version="1",
            most_per_user=MOST,
            numbers=lambda: {"connections": len(self.others._open)},
            close=lambda *closed: self.closed.append(closed),
        )

    def open(self, *ids, user="mei", is_stream=False):
        for number in ids:
            self.others.opened(number, user_id=user, address=HERE, is_stream=is_stream)

    async def tell(self):
        """One round of `run` with a beat."""
        await self.others._beat()
        self.others._written = None
        await self.others._write()

    def silence(self, seconds):
        """As if it had not been heard for so long."""
        s = servers.c
        late = update(servers).where(s.id == self.others.server_id)
        late = late.values(heartbeat_at=s.heartbeat_at - literal(timedelta(seconds=seconds), Interval))
        self.db.write_sync(lambda c: c.execute(late) and None)


@asynccontextmanager
async def running(url, count=2):
    made = [Server(url) for _ in range(count)]
    for server in made:
        await server.tell()
    await made[0].tell()  # it came before the others
    yield made
    for server in made:
        await server.db.close()


@pytest.mark.system
async def test_connections_and_streams_at_other_servers_are_counted_and_own_ones_are_not(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a", "b")
        other.open("s", is_stream=True)
        one.open("c")
        await asyncio.gather(one.tell(), other.tell())
        assert [await one.others.count_address(address) for address in (HERE, "192.0.2.2")] == [3, 0]
        assert [await one.others.count_streams(user) for user in ("mei", "li")] == [1, 0]
        assert [await other.others.count_address(HERE), await other.others.count_streams("mei")] == [1, 0]
        for number in ("a", "s", "s"):
            other.others.closed(number)
        await other.tell()
        assert [await one.others.count_address(HERE), await one.others.count_streams("mei")] == [1, 0]


@pytest.mark.system
async def test_of_too_many_sockets_the_oldest_give_way_at_whatever_server(postgres_database):
    async with running(postgres_database) as (one, other):
        one.open("old", "li's", user="li")
        one.open("first", "second")
        await one.tell()
        other.open("s1", "s2", "s3", "s4", is_stream=True)
        other.open("third", "fourth")
        await other.tell()
        assert (other.hints, other.closed, one.closed) == ([AccessHint("mei")], [], [])
        await one.others._write()
        assert one.closed == [("first", CloseCode.CONNECTION_LIMIT, None)]


@pytest.mark.system
async def test_who_came_when_the_database_failed_is_judged_when_it_is_back(postgres_database):
    async with running(postgres_database, count=1) as (one,):
        one.open("first", "second")
        await one.tell()
        one.open("third", "fourth")
        writes, works = one.db.write, []

        async def fail_behind_the_first(work):
            works.append(work)
            if len(works) > 1:
                raise DatabaseUnavailable(Failure.BUSY)
            return await writes(work)

        one.db.write = fail_behind_the_first
        with pytest.raises(DatabaseUnavailable):
            await one.others._write()
        one.db.write = writes
        for _ in range(2):  # what is marked in one round is closed in the next
            await one.others._write()
        assert one.closed == [("first", CloseCode.CONNECTION_LIMIT, None)]


@pytest.mark.system
async def test_a_socket_is_seen_and_closed_from_another_server(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a", "b")
        other.open("s", is_stream=True)
        one.open("own")
        await asyncio.gather(one.tell(), other.tell())
        seen = await one.others.sockets()
        assert [(found["connection_id"], found["server"], found["address"]) for found in seen] == [
            ("b", "web", HERE),
            ("a", "web", HERE),
        ]
        assert [await one.others.close_socket(number) for number in ("a", "s", "x")] == [True, False, False]
        assert one.hints == [AccessHint("mei")]
        await other.others._write()
        assert other.closed == [("a", CloseCode.LOGGED_OUT, "closed_by_admin")]


@pytest.mark.system
async def test_a_server_closes_its_own_ones_too(postgres_database):
    async with running(postgres_database, count=1) as (server,):
        work = asyncio.create_task(server.others.run())
        server.open("1", "2", "3", "4", "5")
        await until(lambda: len(server.closed) >= 2)
        work.cancel()
        await asyncio.wait([work])
    assert {closed[0] for closed in server.closed} == {"1", "2"}


@pytest.mark.system
async def test_a_server_that_falls_silent_counts_no_more_and_is_shown_for_a_while(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a")
        await other.tell()
        assert await one.others.count_address(HERE) == 1
        other.silence(SILENT_AFTER_S + 1)
        await one.tell()
        assert await one.others.count_address(HERE) == 0
        (shown,) = await one.others.servers()
        assert (shown["id"], shown["is_heard"], shown["connections"]) == (other.others.server_id, False, 1)
        assert SILENT_AFTER_S < shown["silent_s"] < SILENT_AFTER_S + 60
        other.silence(LISTED_S)
        await one.tell()
        assert await one.others.servers() == []


@pytest.mark.system
async def test_one_that_only_stood_still_writes_its_rows_again(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a", "b")
        await other.tell()
        other.silence(LISTED_S + SILENT_AFTER_S)
        await one.tell()
        assert await one.others.servers() == []
        await other.tell()
        await one.tell()
        assert await one.others.count_address(HERE) == 2
        assert [server["is_heard"] for server in await one.others.servers()] == [True]


@pytest.mark.system
async def test_a_server_that_ends_leaves_nothing(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a")
        await other.tell()
        await other.others.leave()
        assert await one.others.servers() == []
        assert one.db.read_sync(lambda c: c.execute(select(open_connections)).all()) == []


@pytest.mark.system
async def test_with_the_database_away_nobody_is_counted_elsewhere_and_the_rows_come_back(postgres_database):
    async with running(postgres_database) as (one, other):
        other.open("a")
        await other.tell()
        await one.db.close()
        one.others.db = Database(postgres_database.replace("127.0.0.1:", "127.0.0.1:1"), busy_timeout_s=0.2)
        assert [await one.others.count_address(HERE), await one.others.count_streams("mei")] == [0, 0]
        await one.others.leave()
        one.others.db = one.db = Database(postgres_database)
        assert await one.others.count_address(HERE) == 1


async def test_where_there_is_one_server_no_socket_is_elsewhere():
    assert (await Nowhere().sockets(), await Nowhere().close_socket("a")) == ([], False)


async def test_where_there_is_one_server_nobody_is_elsewhere():
    nowhere = Nowhere()
    nowhere.opened("a", user_id="mei", address=HERE, is_stream=False)
    assert [await nowhere.count_address(HERE), await nowhere.count_streams("mei")] == [0, 0]
    assert await nowhere.servers() == []
