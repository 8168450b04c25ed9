"""Notifications over the socket: each once and in order, whatever becomes of hints, connections and the database."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.scopes import Scope
from app.domain.messages import Language
from app.events.bus.base import FeedHint
from app.notifications.feed import FeedService
from app.notifications.feed_reader import PAGE_ROWS
from app.notifications.tables import feeds, notifications
from tests.support.feeds import FeedSubscriber, add_notifications
from tests.support.said import said

SUBSCRIBE = '{"type":"subscribe","topic":"notifications"}'
UNSUBSCRIBE = SUBSCRIBE.replace("subscribe", "unsubscribe", 1)


def subscribe_after(last_seq):
    return f'{SUBSCRIBE[:-1]},"last_seq":{last_seq},"epoch":"0"}}'


async def lose(*_):
    raise DatabaseUnavailable(Failure.BUSY)


async def damage(*_):
    raise DatabaseDamaged


async def trip(*_arguments, **_how):
    raise ValueError("a notification of another version")


class Reader:
    """A connection that follows its user's notifications, as a client does."""

    def __init__(self, desk, watcher):
        self.desk, self.watcher = desk, watcher
        self.rule = FeedSubscriber()
        self.frames = []

    @property
    def connection(self):
        return self.watcher.connection

    async def begin(self, command):
        """Say it, and let go on what it has begun, without waiting for it."""
        await self.desk.manager.handle_client_message(self.connection, command)
        await asyncio.sleep(0)

    async def say(self, command):
        await self.begin(command)
        return await self.take()

    async def subscribe(self, last_seq=None, epoch="0"):
        position = "" if last_seq is None else f',"last_seq":{last_seq},"epoch":"{epoch}"'
        if last_seq is not None:
            self.rule.last = last_seq
        return await self.say(f'{SUBSCRIBE[:-1]}{position},"id":"c1"}}')

    async def take(self):
        """What came since the last look, when nothing is under way any more."""
        for _ in range(2):  # a hint on its way begins something
            await asyncio.sleep(0)
            await self.desk.settle()
        found = self.watcher.frames()
        for frame in found:
            self.rule.take(frame)
        self.frames += found
        return found


@pytest.fixture
def user(desk):
    return desk.stack.add_user("a")


async def open_reader(desk, user):
    return Reader(desk, await desk.connect(user))


def notify(desk, user, count=1, **how):
    """What the outbox does: rows, and behind them a hint."""
    last = add_notifications(desk.stack.db, desk.stack.clock, user, count, **how)
    desk.stack.bus.publish(FeedHint(user))
    return last


def feed_service(desk):
    stack = desk.stack
    return FeedService(db=stack.db, bus=stack.bus, clock=stack.clock, audit=stack.audit)


async def mark_read(desk, user, *seqs, up_to=None):
    principal = await desk.stack.auth.authenticate(user)
    return await feed_service(desk).mark_read(principal, up_to=up_to, seqs=seqs)


def kinds(frames):
    return [frame["type"] for frame in frames]


async def test_without_a_position_it_begins_at_the_newest_and_new_ones_come_as_rest_shows_them(desk, user):
    notify(desk, user, 3)
    reader = await open_reader(desk, user)
    result, state = await reader.subscribe()
    assert (result["action"], result["success"], result["seq"], result["id"]) == ("subscribe", True, 3, "c1")
    assert "recovered" not in result
    assert (state["seq"], state["unread"], state["read_revision"]) == (3, 3, 0)
    notify(desk, user)
    told, state = await reader.take()
    assert (told["seq"], told["prev_seq"], told["timestamp"]) == (4, 3, told["notification"]["created_at"])
    assert told["notification"]["content"]["target_domain"] == "corp4.example"
    assert told["notification"]["read_at"] is None
    assert (state["seq"], state["unread"]) == (4, 4)


async def test_a_position_is_gone_on_from_over_any_cuts_and_nothing_comes_twice(desk, user):
    seen, last = [], 0
    for _ in range(5):
        notify(desk, user, 3)
        reader = await open_reader(desk, user)
        result = (await reader.subscribe(last))[0]
        assert (result["recovered"], result["seq"]) == (True, last)
        notify(desk, user, 2)
        await reader.take()
        seen += reader.rule.seqs
        last = reader.rule.last
        await desk.manager.disconnect(reader.connection)
    assert seen == list(range(1, 26))


async def test_a_replay_of_many_pages_is_in_order_and_the_state_comes_behind_it(desk, user):
    count = 2 * PAGE_ROWS + 1
    notify(desk, user, count)
    reader = await open_reader(desk, user)
    frames = await reader.subscribe(0)
    assert reader.rule.seqs == list(range(1, count + 1))
    assert kinds(frames) == ["topic_result", *["notification"] * count, "notification_state"]


async def test_one_write_holds_no_more_than_a_page_of_bytes(desk, user, monkeypatch):
    notify(desk, user, 20, characters=10_000)
    reader = await open_reader(desk, user)
    sizes, send = [], type(reader.connection).send_pulled

    def measured(connection, *payloads):
        sizes.append(sum(map(len, payloads)))
        send(connection, *payloads)

    monkeypatch.setattr(type(reader.connection), "send_pulled", measured)
    await reader.subscribe(0)
    assert reader.rule.seqs == list(range(1, 21))
    assert max(sizes) <= 32_768
    assert sum(sizes) > 200_000


async def test_a_lost_hint_is_repaired_by_the_sweep_and_counted(desk, user):
    reader = await open_reader(desk, user)
    await reader.subscribe()
    desk.bus_is_dead = True
    notify(desk, user, 2)
    await mark_read(desk, user, 1)
    assert await reader.take() == []
    await desk.manager.sweep.run_once()
    await reader.take()
    assert (reader.rule.seqs, reader.rule.unread, reader.rule.read_revision) == ([1, 2], 1, 1)
    assert desk.stack.metrics.sweep_repairs._value.get() == 1
    await desk.manager.sweep.run_once()
    assert await reader.take() == []
    assert desk.stack.metrics.sweep_repairs._value.get() == 1


async def test_hints_that_are_doubled_or_of_nothing_change_nothing(desk, user):
    reader = await open_reader(desk, user)
    await reader.subscribe()
    notify(desk, user)
    for _ in range(3):
        desk.stack.bus.publish(FeedHint(user))
    desk.stack.bus.publish(FeedHint("somebody"))
    assert kinds(await reader.take()) == ["notification", "notification_state"]
    desk.stack.bus.publish(FeedHint(user))
    assert await reader.take() == []


async def test_what_one_tab_reads_is_read_in_all_of_them(desk, user):
    notify(desk, user, 3)
    tabs = [await open_reader(desk, user) for _ in range(2)]
    for tab in tabs:
        await tab.subscribe()
    answer = await mark_read(desk, user, 2)
    for tab in tabs:
        (state,) = await tab.take()
        assert (state["unread"], state["read_revision"]) == (answer.unread, answer.head.read_revision) == (2, 1)
    await mark_read(desk, user, 2)  # it is read already: no news
    assert [await tab.take() for tab in tabs] == [[], []]
    await mark_read(desk, user, up_to=3)
    for tab in tabs:
        (state,) = await tab.take()
        assert (state["unread"], state["read_revision"]) == (0, 2)


async def test_beyond_the_counted_number_every_reading_is_told_all_the_same(desk, user):
    notify(desk, user, 1_002)
    reader = await open_reader(desk, user)
    await reader.subscribe()
    await mark_read(desk, user, 1)
    (state,) = await reader.take()
    assert (state["unread"], state["read_revision"]) == (1_000, 1)


async def test_others_hear_nothing(desk, user):
    other, silent = desk.stack.add_user("other"), await open_reader(desk, user)
    reader = await open_reader(desk, other)
    await reader.subscribe()
    notify(desk, user)
    assert await reader.take() == []
    assert await silent.take() == []  # of the same user, but it does not follow them


async def test_a_slow_reader_costs_nothing_and_gets_everything_once_it_reads(desk, user):
    slow, fast = [await open_reader(desk, user) for _ in range(2)]
    for reader in (slow, fast):
        await reader.subscribe()
    slow.watcher.transport.stalled = True
    for number in range(1, 31):
        notify(desk, user, 20, characters=5_000)
        while fast.rule.last != number * 20:
            await asyncio.sleep(0)
            for frame in fast.watcher.frames():
                fast.rule.take(frame)
    assert slow.connection.outbox.size == 0
    assert len(slow.watcher.transport.wire) < 50
    slow.watcher.transport.drain()
    await slow.take()
    assert slow.rule.seqs == list(range(1, 601))
    assert slow.rule.unread == 600
    assert kinds(slow.frames).count("notification_state") < 5  # of those that were overtaken nothing is told


async def test_who_subscribes_again_is_placed_anew_and_the_old_position_sends_nothing_more(desk, user):
    notify(desk, user, 5)
    reader = await open_reader(desk, user)
    await reader.subscribe(3)
    assert reader.rule.seqs == [4, 5]
    frames = await reader.subscribe(1)
    assert [frame["seq"] for frame in frames if frame["type"] == "notification"] == [2, 3, 4, 5]
    assert frames[1]["prev_seq"] == 1


class HeldReader:
    """A reader whose pages are read when they are let go; `failure` then befalls the first of them."""

    def __init__(self, reader, failure=None):
        self.reader, self.failure = reader, failure
        self.released = asyncio.Event()
        self.waiting = 0
        self.head = reader.head

    async def page(self, user_id, after):
        self.waiting += 1
        await self.released.wait()
        failure, self.failure = self.failure, None
        return await (failure or self.reader.page)(user_id, after)


async def test_however_often_it_subscribes_one_read_is_at_work_and_the_last_position_counts(desk, user):
    notify(desk, user, 5)
    reader = await open_reader(desk, user)
    held = desk.manager.feeds.reader = HeldReader(desk.manager.feeds.reader)
    for last_seq in (4, 1, 0, 2):
        await reader.begin(subscribe_after(last_seq))
        assert (len(desk.manager.background), held.waiting) == (1, 1)
    held.released.set()
    reader.rule.last = 2
    frames = await reader.take()
    assert kinds(frames) == [*["topic_result"] * 4, *["notification"] * 3, "notification_state"]
    assert reader.rule.seqs == [3, 4, 5]


@pytest.mark.parametrize("failure", [lose, damage, trip])
async def test_a_read_that_fails_for_the_position_before_is_not_that_of_the_next(desk, user, failure):
    notify(desk, user, 3)
    reader = await open_reader(desk, user)
    held = desk.manager.feeds.reader = HeldReader(desk.manager.feeds.reader, failure)
    for command in (subscribe_after(3), UNSUBSCRIBE, subscribe_after(1)):
        await reader.begin(command)
    held.released.set()
    reader.rule.last = 1
    frames = await reader.take()
    assert kinds(frames) == [*["topic_result"] * 3, *["notification"] * 2, "notification_state"]
    notify(desk, user)
    await reader.take()
    assert reader.rule.seqs == [2, 3, 4]


async def test_unsubscribing_ends_it(desk, user):
    reader = await open_reader(desk, user)
    (refusal,) = await reader.say(UNSUBSCRIBE)
    assert (refusal["success"], refusal["error"]["code"]) == (False, "not_subscribed")
    await reader.subscribe()
    (result,) = await reader.say(UNSUBSCRIBE)
    assert (result["action"], result["success"], "seq" in result) == ("unsubscribe", True, False)
    notify(desk, user)
    assert await reader.take() == []


async def test_a_topic_that_does_not_exist_is_an_error(desk, user):
    reader = await open_reader(desk, user)
    (error,) = await reader.say('{"type":"subscribe","topic":"weather","id":"c2"}')
    assert (error["type"], error["code"], error["id"]) == ("error", "invalid_field", "c2")


@pytest.mark.parametrize(("position", "reason"), [((9, "0"), "ahead_of_log"), ((2, "other"), "epoch")])
async def test_a_position_of_another_log_begins_at_the_newest_and_says_so(desk, user, position, reason):
    notify(desk, user, 5)
    reader = await open_reader(desk, user)
    result, state = await reader.subscribe(*position)
    assert (result["recovered"], result["reason"], result["seq"]) == (False, reason, 5)
    assert (state["seq"], reader.rule.resets) == (5, 1)
    notify(desk, user)
    await reader.take()
    assert reader.rule.seqs == [6]


async def test_a_restored_feed_is_begun_anew_on_living_connections(desk, user, monkeypatch):
    notify(desk, user, 5)
    reader = await open_reader(desk, user)
    await reader.subscribe()

    def restore(connection):
        connection.execute(delete(notifications).where(notifications.c.seq > 2))
        connection.execute(update(feeds).values(last_seq=2))

    desk.stack.db.write_sync(restore)
    monkeypatch.setattr("app.events.log_identity.LogIdentity.goes_on_from", lambda *_: False)
    await desk.manager.sweep.run_once()
    result, state = await reader.take()
    assert (result["action"], result["recovered"], result["reason"], result["seq"]) == ("subscribe", False, "epoch", 2)
    assert result["epoch"] == desk.manager.epoch.value != "0"
    assert "id" not in result
    assert state["seq"] == 2


async def test_a_feed_that_went_back_is_noticed_before_the_sweep_has_seen_it(desk, user):
    notify(desk, user, 5)
    reader = await open_reader(desk, user)
    await reader.subscribe()

    def restore(connection):
        connection.execute(delete(notifications).where(notifications.c.seq > 2))
        connection.execute(update(feeds).values(last_seq=2))

    desk.stack.db.write_sync(restore)
    notify(desk, user)
    result, state = await reader.take()
    assert (result["recovered"], result["reason"], result["seq"]) == (False, "ahead_of_log", 3)
    assert (state["seq"], reader.rule.resets) == (3, 2)


async def test_what_is_no_longer_kept_leaves_no_hole(desk, user):
    notify(desk, user, 6)
    old = (notifications.c.seq.in_([1, 2, 6]),)
    desk.stack.db.write_sync(lambda c: c.execute(delete(notifications).where(*old)) and None)
    reader = await open_reader(desk, user)
    frames = await reader.subscribe(0)
    assert [(frame["prev_seq"], frame["seq"]) for frame in frames[1:-1]] == [(0, 3), (3, 4), (4, 5)]
    assert frames[-1]["seq"] == 6
    notify(desk, user)
    told, _ = await reader.take()
    assert (told["prev_seq"], told["seq"]) == (5, 7)


async def test_a_key_of_a_group_gets_what_rest_gives_it(desk, user):
    reader = await open_reader(desk, user)
    reader.connection.principal = replace(
        reader.connection.principal, key_id="k", scopes=frozenset({Scope.READ}), group="North"
    )
    (result,) = await reader.subscribe()
    assert result["success"] is False
    assert result["error"] == {"code": "insufficient_scope", "message": said("error.group_not_enough", Language.ZH_CN)}
    assert [code for code, _ in desk.stack.auth.denied] == ["insufficient_scope"]
    notify(desk, user)
    assert await reader.take() == []


async def test_a_key_that_reads_gets_them(desk, user):
    reader = await open_reader(desk, user)
    reader.connection.principal = replace(reader.connection.principal, key_id="k", scopes=frozenset({Scope.READ}))
    result, _ = await reader.subscribe()
    assert result["success"] is True


@pytest.mark.parametrize(("trouble", "code"), [(lose, "server_busy"), (damage, "database_damaged")])
async def test_a_database_in_trouble_refuses_and_changes_nothing(desk, user, monkeypatch, trouble, code):
    notify(desk, user)
    reader = await open_reader(desk, user)
    await reader.subscribe()
    with monkeypatch.context() as broken:
        broken.setattr(desk.stack.db, "read", trouble)
        (result,) = await reader.subscribe(0)
    assert (result["success"], result["error"]["code"]) == (False, code)
    reader.rule.last = 1
    notify(desk, user)
    assert kinds(await reader.take()) == ["notification", "notification_state"]


async def test_a_read_that_fails_is_repaired_by_the_sweep(desk, user, monkeypatch):
    reader = await open_reader(desk, user)
    await reader.subscribe()
    with monkeypatch.context() as broken:
        broken.setattr(desk.stack.db, "read", lose)
        notify(desk, user)
        assert await reader.take() == []
    await desk.manager.sweep.run_once()
    await reader.take()
    assert reader.rule.seqs == [1]


@pytest.mark.parametrize(("trouble", "code"), [(damage, "database_damaged"), (trip, "server_busy")])
async def test_a_feed_that_cannot_be_sent_is_followed_no_longer_and_says_so(desk, user, monkeypatch, trouble, code):
    reader = await open_reader(desk, user)
    await reader.subscribe()
    with monkeypatch.context() as broken:
        broken.setattr(desk.stack.db, "read", trouble)
        notify(desk, user)
        (ended,) = await reader.take()
    assert (ended["action"], ended["success"], ended["error"]["code"]) == ("unsubscribe", True, code)
    assert reader.connection.feed is None


async def test_tabs_at_the_same_number_share_a_read(desk, user, monkeypatch):
    tabs = [await open_reader(desk, user) for _ in range(5)]
    for tab in tabs:
        await tab.subscribe()
    reads, read = [], desk.stack.db.read

    async def counted(work, **how):
        reads.append(work)
        return await read(work, **how)

    monkeypatch.setattr(desk.stack.db, "read", counted)
    notify(desk, user)
    for tab in tabs:
        await tab.take()
        assert tab.rule.seqs == [1]
    assert len(reads) == 1


async def test_the_texts_are_in_the_readers_language(desk, user):
    reader = await open_reader(desk, user)
    reader.connection.language = Language("en")
    await reader.subscribe()
    add_notifications(desk.stack.db, desk.stack.clock, user)
    change = {"section": "content", "change": "changed", "name": "x.example", "aspect": "registrar"}
    change |= {"before": "Names", "after": "Domains", "url": ""}
    content = {"kind": "site_changed", "target_domain": "corp.example", "changes": [change], "total": 1}
    desk.stack.db.write_sync(lambda c: c.execute(update(notifications).values(content=content)) and None)
    desk.stack.bus.publish(FeedHint(user))
    told, _ = await reader.take()
    assert "x.example" in told["notification"]["content"]["changes"][0]["text"]


async def test_the_status_names_it_while_it_is_followed(desk, user):
    notify(desk, user, 2)
    reader = await open_reader(desk, user)
    (status,) = await reader.say('{"type":"get_status"}')
    assert "feeds" not in status
    await reader.subscribe(0)
    (status,) = await reader.say('{"type":"get_status"}')
    assert status["feeds"] == [{"topic": "notifications", "seq": 2}]
