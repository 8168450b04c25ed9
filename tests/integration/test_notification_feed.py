"""The topic `notifications` on real sockets: from the end of a scan to every tab, over cuts, and for whom it is."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from app.domain.verdict import Result, Verdict
from app.events.bus.base import FeedHint
from app.events.types import Statistics
from tests.integration.test_api_keys import ALL, Owner, socket_with
from tests.integration.test_flow_control import RawClient
from tests.support.backend import USER_PASSWORD
from tests.support.feeds import FeedSubscriber, add_notifications
from tests.support.live import ending, go_live
from tests.support.realtime import Stack, open_client, until

RULE = {"name": "all", "kinds": ["scan_completed"], "channel_ids": []}
TOPIC = {"topic": "notifications"}


class Tab:
    """A client that follows notifications by the rule of the protocol."""

    def __init__(self, client, rule=None):
        self.client = client
        self.rule = rule or FeedSubscriber()

    async def subscribe(self, **position):
        await self.client.send(type="subscribe", **TOPIC, **position, id="s")
        return await self.until(lambda frame: frame["type"] == "topic_result" and frame.get("id") == "s")

    async def until(self, condition):
        """The next frame that is so; all up to it go through the rule."""
        while True:
            frame = await self.client.receive()
            self.rule.take(frame)
            if condition(frame):
                return frame

    async def until_state(self, **values):
        return await self.until(
            lambda frame: (
                frame["type"] == "notification_state" and all(frame[name] == value for name, value in values.items())
            )
        )


@asynccontextmanager
async def open_tab(live, token, rule=None):
    async with live.watch(token) as client:
        yield Tab(client, rule)


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", access_recheck_s=600) as opened:
        yield opened


@pytest.fixture
async def mei(live):
    """A user with a rule for all scans."""
    user_id = await live.add_user()
    owner = Owner(live, user_id, (await live.sign_in("mei", USER_PASSWORD))["access_token"])
    assert (await live.ask("POST", "/rules", owner.token, json=RULE)).status_code == 201
    return owner


async def scan(live, owner, target="corp.example"):
    services = live.services
    made = await live.ask("POST", "/tasks", owner.token, json={"target_domain": target})
    task_id = made.json()["id"]
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "w", target))
    complete = services.lifecycle.complete(task_id, 1, Statistics(), verdict=Verdict(Result.CLEAN))
    await services.event_writer.write(complete)
    return task_id


async def test_the_end_of_a_scan_is_told_to_every_tab_and_what_one_reads_is_read_in_all(live, mei):
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(open_tab(live, mei.token)) for _ in range(2)]
        for tab in tabs:
            result = await tab.subscribe()
            assert (result["success"], result["seq"]) == (True, 0)
        task_id = await scan(live, mei)
        for tab in tabs:
            told = await tab.until(lambda frame: frame["type"] == "notification")
            (listed,) = (await live.ask("GET", "/notifications?after=0", mei.token)).json()["items"]
            assert told["notification"] == listed
            assert told["notification"]["content"]["task_id"] == task_id
            await tab.until_state(seq=1, unread=1)
        read = (await live.ask("POST", "/notifications/read", mei.token, json={"up_to": 1})).json()
        assert read == {"last_seq": 1, "unread": 0, "read_revision": 1}
        for tab in tabs:
            await tab.until_state(unread=0, read_revision=1)


async def test_over_many_cuts_nothing_is_lost_and_nothing_comes_twice(live, mei):
    db, clock = live.services.db, live.services.clock
    seen, last = [], 0

    async def write():
        for _ in range(40):
            add_notifications(db, clock, mei.user_id, 3)
            live.services.bus.publish(FeedHint(mei.user_id))
            await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    while last < 120:
        async with live.watch(mei.token) as client:
            tab = Tab(client)
            tab.rule.last = last
            result = await tab.subscribe(last_seq=last, epoch="0")
            assert result["recovered"] is True
            for _ in range(7):
                if last == 120:
                    break
                await tab.until(lambda frame: frame["type"] == "notification")
                last = tab.rule.last
            client.socket.transport.abort()  # no close frame: what was under way is gone
        seen += tab.rule.seqs
    await writing
    assert seen == list(range(1, 121))


async def test_without_any_hint_the_sweep_brings_it(tmp_path):
    async with go_live(tmp_path / "data", sweep_interval_s=0.2) as live:
        user_id = await live.add_user()
        token = (await live.sign_in("mei", USER_PASSWORD))["access_token"]
        async with open_tab(live, token) as tab:
            await tab.subscribe()
            await tab.until_state(seq=0)
            live.services.bus.publish = lambda hint: None
            add_notifications(live.services.db, live.services.clock, user_id)
            await tab.until_state(seq=1, unread=1)
            assert tab.rule.seqs == [1]
            await live.ask("POST", "/notifications/read", token, json={"seqs": [1]})
            await tab.until_state(unread=0, read_revision=1)


async def test_a_key_that_reads_gets_its_users_and_a_key_of_a_group_nothing(live, mei):
    whole, grouped = [(await mei.add_key(*ALL[:1], **group))["key"] for group in ({}, {"group": "North"})]
    for key, success in ((whole, True), (grouped, False)):
        status = (await live.ask("GET", "/notifications", key)).status_code
        async with socket_with(live, key) as client:
            await client.until("connection_established")
            result = await Tab(client).subscribe()
            assert (result["success"], status) == ((True, 200) if success else (False, 403))
            if not success:
                assert result["error"]["code"] == "insufficient_scope"
    denied = [row for row in await live.audit_rows("key.use") if row.outcome == "denied"]
    assert len(denied) == 2  # in REST and on the socket


async def test_a_revoked_key_and_an_ended_session_get_nothing_more(live, mei):
    key = await mei.add_key(*ALL[:1])
    other = (await live.sign_in("mei", USER_PASSWORD))["access_token"]
    async with socket_with(live, key["key"]) as by_key, live.watch(other) as by_session:
        await by_key.until("connection_established")
        for client in (by_key, by_session):
            await Tab(client).subscribe()
        assert (await live.ask("DELETE", f"/auth/keys/{key['key_id']}", mei.token)).is_success
        assert await ending(by_key) == (4500, "key_revoked")
        await live.ask("POST", "/auth/logout", other)
        assert await ending(by_session) == (4500, "logged_out")
        add_notifications(live.services.db, live.services.clock, mei.user_id)
        live.services.bus.publish(FeedHint(mei.user_id))
    assert not [frame for frame in [*by_key.frames, *by_session.frames] if frame["type"] == "notification"]


async def test_a_reader_that_stops_holds_up_nobody_and_gets_all_when_it_goes_on(tmp_path):
    async with Stack(tmp_path, ws_stuck_after_s=60).serve() as stack:
        user = stack.add_user("a")
        slow = await RawClient.open(stack, user)
        await slow.receive()
        await slow.send('{"type":"subscribe","topic":"notifications"}')
        await until(lambda: any(connection.feed is not None for connection in stack.manager.registry.all()))
        (stuck,) = stack.manager.registry.all()
        async with open_client(stack, user) as client:
            tab = Tab(client)
            await tab.subscribe()
            for number in range(1, 31):
                add_notifications(stack.db, stack.clock, user, 20, characters=5_000)
                stack.bus.publish(FeedHint(user))
                await tab.until_state(seq=20 * number)
            assert tab.rule.seqs == list(range(1, 601))
        assert stuck.transport.paused
        assert stuck.outbox.size == 0
        assert stuck.transport.unsent_bytes < 200_000  # of 3 MB
        rule = FeedSubscriber()
        while rule.last != 600:
            rule.take(await slow.receive())
        assert rule.seqs == list(range(1, 601))
        await slow.close()


async def test_one_that_takes_no_byte_is_cut_off_and_goes_on_from_its_position(tmp_path):
    async with Stack(tmp_path, ws_stuck_after_s=0.5, ws_check_interval_s=0.05).serve() as stack:
        user = stack.add_user("a")
        stuck = await RawClient.open(stack, user)
        await stuck.receive()
        await stuck.send('{"type":"subscribe","topic":"notifications"}')
        await until(lambda: any(connection.feed is not None for connection in stack.manager.registry.all()))
        add_notifications(stack.db, stack.clock, user, 600, characters=5_000)
        stack.bus.publish(FeedHint(user))
        await until(lambda: len(stack.manager.registry) == 0)
        assert [row["detail"]["code"] for row in stack.audit.rows if row["action"] == "ws.close"] == [4008]
        await stuck.close()
        async with open_client(stack, user) as client:
            tab = Tab(client)
            tab.rule.last = 3
            await tab.subscribe(last_seq=3, epoch="0")
            await tab.until_state(seq=600)
            assert tab.rule.seqs == list(range(4, 601))
