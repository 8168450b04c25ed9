"""The Python client and who it is: tickets in the address, tokens renewed in place, over the real application."""

import asyncio
from contextlib import aclosing, asynccontextmanager

import pytest

from app.client.endpoint import open_socket
from app.client.errors import ClientError, ServerUnreachable, SignInFailed, Stopped
from app.client.monitor import Live, MonitorClient, Waiting
from app.client.rest import RestClient, fetch_ticket
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import LimitReached
from tests.support.backend import ADMIN_PASSWORD
from tests.support.live import go_live
from tests.support.realtime import until

HOUR_S = 3_600


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", ws_check_interval_s=0.05) as opened:
        yield opened


class Watcher:
    """Follows one task of the administrator's, and remembers what it opened, said and read."""

    def __init__(self, live, rest, session):
        self.live = live
        self.rest = rest
        self.session = session
        self.task = ""
        self.opened = []
        self.tokens = [session.access_token]
        self.states = []
        self.seqs = []
        self.client = MonitorClient(
            live.url, self.token, on_state=self.states.append, open_socket=self.open, chance=lambda: 0.0
        )

    async def token(self, *, renew):
        if renew:
            self.session = await self.rest.refresh(self.session.refresh_token)
            self.tokens.append(self.session.access_token)
        return self.session.access_token

    @asynccontextmanager
    async def open(self, uri):
        self.opened.append(uri)
        async with open_socket(uri) as socket:
            yield socket

    async def read(self):
        async with aclosing(self.client.follow(self.task)) as events:
            async for event in events:
                self.seqs.append(event.seq)
                if event.type == "task_completed":
                    return

    async def add_task(self):
        body = {"target_domain": "example.com"}
        self.task = (await self.live.ask("POST", "/tasks", self.session.access_token, json=body)).json()["id"]

    async def finish(self):
        """Ends the task, and so what is read."""
        await self.live.ask("POST", f"/tasks/{self.task}/cancel", self.session.access_token)

    def lives(self):
        return sum(isinstance(state, Live) for state in self.states)


@asynccontextmanager
async def watcher_of(live):
    """Reads until the block ends; then what is read must have ended too."""
    async with asyncio.timeout(20), RestClient(live.url) as rest:
        watcher = Watcher(live, rest, await rest.login("admin", ADMIN_PASSWORD))
        await watcher.add_task()
        async with asyncio.TaskGroup() as group:
            group.create_task(watcher.read())
            yield watcher


def assert_nothing_missed(watcher):
    assert watcher.seqs == list(range(watcher.seqs[0], watcher.seqs[-1] + 1))


async def test_a_connection_outlives_its_token_and_no_address_has_one(live):
    async with watcher_of(live) as watcher:
        await until(lambda: watcher.seqs != [])
        live.clock.turned_s = HOUR_S - 30
        await until(lambda: len(watcher.tokens) == 2)
        (connection,) = live.services.manager.registry.all()
        await until(lambda: connection.principal.expires_at.timestamp() - live.clock.now().timestamp() > HOUR_S - 60)
        live.clock.turned_s = HOUR_S + 60  # beyond the first token's end
        live.look_at_connections()
        await watcher.finish()
    assert (watcher.lives(), len(watcher.opened)) == (1, 1)
    assert_nothing_missed(watcher)
    assert "?ticket=" in watcher.opened[0]
    assert not any(token in uri for token in watcher.tokens for uri in watcher.opened)


async def test_a_token_that_ended_unseen_is_renewed_and_nothing_is_missed(live):
    async with watcher_of(live) as watcher:
        await until(lambda: watcher.seqs != [])
        live.clock.turned_s = HOUR_S + 1
        await until(lambda: watcher.lives() == 2)
        await watcher.finish()
    assert len(watcher.tokens) == 2
    assert_nothing_missed(watcher)


async def test_a_fresh_token_that_the_server_cannot_read_now_opens_another_connection(live):
    auth = live.services.auth
    authenticate = auth.authenticate

    async def busy_once(token):
        if token in watcher.tokens[1:]:
            auth.authenticate = authenticate
            raise DatabaseUnavailable(Failure.BUSY)
        return await authenticate(token)

    async with watcher_of(live) as watcher:
        await until(lambda: watcher.seqs != [])
        auth.authenticate = busy_once
        live.clock.turned_s = HOUR_S - 30
        await until(lambda: watcher.lives() == 2)
        await watcher.finish()
    assert Waiting(0.0, "server_busy") in watcher.states
    assert len(watcher.tokens) == 2
    assert_nothing_missed(watcher)


async def test_a_session_that_ended_gets_no_ticket(live):
    async with RestClient(live.url) as rest:
        session = await rest.login("admin", ADMIN_PASSWORD)

        async def token(*, renew):
            return session.access_token

        await live.ask("POST", "/auth/logout", session.access_token)
        with pytest.raises(Stopped) as stopped:
            await anext(MonitorClient(live.url, token).follow("x"))
    assert (stopped.value.code, stopped.value.close_code) == ("invalid_token", None)


async def test_what_keeps_a_ticket_back_is_told_apart(live):
    address, token = f"{live.url}/api/v1/monitor/ws/ticket", (await live.sign_in())["access_token"]
    assert len(await fetch_ticket(address, token)) == 32
    with pytest.raises(SignInFailed) as refused:
        await fetch_ticket(address, "nonsense")
    assert refused.value.code == "invalid_token"
    with pytest.raises(ClientError) as missing:
        await fetch_ticket(f"{address}s", token)
    assert missing.value.code == "no_such_route"
    with pytest.raises(ServerUnreachable) as away:
        await fetch_ticket("http://127.0.0.1:1/", token)
    assert (away.value.code, away.value.retry_after_s) == ("unreachable", 0.0)


@pytest.mark.parametrize(
    ("error", "code", "retry_after_s"),
    [
        (LimitReached("Too many open tickets.", retry_after_s=30), "rate_limited", 30.0),
        (DatabaseUnavailable(Failure.BUSY), "database_unavailable", None),
    ],
)
async def test_a_server_without_a_ticket_for_now_says_when_to_come_back(live, error, code, retry_after_s):
    token = (await live.sign_in())["access_token"]

    async def refuse(_identity):
        raise error

    live.services.auth.issue_ticket = refuse
    with pytest.raises(ServerUnreachable) as busy:
        await fetch_ticket(f"{live.url}/api/v1/monitor/ws/ticket", token)
    assert busy.value.code == code
    assert retry_after_s is None or busy.value.retry_after_s == retry_after_s
