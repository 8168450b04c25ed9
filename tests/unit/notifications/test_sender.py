"""Deliveries are tried until they are taken or too old; a channel is served by one sender at a time."""

import asyncio

import pytest

from app.core.ids import new_id
from app.identity.tables import users
from app.notifications.carrier import Carrier
from app.notifications.messages import MessageWriter
from app.notifications.outcome import Failed, FailureCode, Sent
from app.notifications.ports import HttpAnswer
from app.notifications.queries import deliveries
from app.notifications.queries.deliveries import INACTIVE_PAUSE, TRIES_PER_USER
from app.notifications.sender import CLAIM, MAX_CHANNEL_PAUSE_S, NotificationSender, Retries
from app.notifications.tables import channels
from app.notifications.tables import deliveries as delivery_table
from tests.support.rows import add_user

BUSY = HttpAnswer(503, {"retry-after": "120"}, b"later")
BROKEN = HttpAnswer(500, {}, b"try <b>later</b>")
GONE = HttpAnswer(410, {}, b"")
DEAF = HttpAnswer(failure=FailureCode.CONNECT, detail="refused")


async def rounds(world, sender=None):
    """Send all that is due now: look, as the sender's loop does, once more after each end of a try."""
    sender = sender or world.sender
    sender.wake()
    while sender._tries or sender._wanted.is_set():
        await sender._wanted.wait()  # the end of a try sets it
        sender._wanted.clear()
        await sender._round()


@pytest.fixture
async def delivery(world):
    """Wait for the end of a scan, to be told by one channel."""
    world.rule(world.channel(), kinds=["scan_completed"])
    task_id = await world.begin()
    await world.complete(task_id)
    return task_id


def ids_of(requests):
    return [request.headers["webhook-id"] for request in requests]


async def test_what_happens_is_sent_once(world, delivery):
    await rounds(world)
    await rounds(world)
    (row,) = world.deliveries()
    assert (row.status, row.attempts, row.error) == ("sent", 1, None)
    assert ids_of(world.http.requests) == [row.id]
    assert world.counted == [("webhook", "sent")]
    assert world.rows(channels)[0].last_sent_at == world.clock.now()


async def test_what_fails_is_tried_again_later_under_the_same_id_and_with_the_same_body(world, delivery):
    world.http.script = [BROKEN, DEAF, BROKEN]
    pauses = []
    for _ in range(4):
        await rounds(world)
        (row,) = world.deliveries()
        pauses.append((row.next_at - world.clock.now()).total_seconds())
        world.later(seconds=max(pauses[-1] - 0.1, 0))
        await rounds(world)  # not before its time
        world.later(seconds=0.2)
    assert (row.status, row.attempts) == ("sent", 4)
    assert [4 <= pauses[0] <= 6, 12 <= pauses[1] <= 18, 36 <= pauses[2] <= 54] == [True] * 3
    assert set(ids_of(world.http.requests)) == {row.id}
    assert len({request.body for request in world.http.requests}) == 1
    assert world.counted == [("webhook", "failed")] * 3 + [("webhook", "sent")]


async def test_a_failure_is_kept_in_words_without_markup_of_the_other_side(world, delivery):
    world.http.script = [BROKEN]
    await rounds(world)
    (row,), (channel,) = world.deliveries(), world.rows(channels)
    assert row.error == {"code": "http_status", "params": {"status": 500, "answer": "try <b>later</b>"}}
    assert (channel.failures, channel.last_error) == (1, row.error)


async def test_a_receiver_says_when_it_wants_to_be_asked_again(world, delivery):
    world.http.script = [BUSY]
    await rounds(world)
    world.later(seconds=119)
    await rounds(world)
    assert len(world.http.requests) == 1
    world.later(seconds=1)
    await rounds(world)
    assert len(world.http.requests) == 2


async def test_after_a_day_it_is_given_up_and_can_be_sent_again(world, delivery):
    world.http.script = [BROKEN] * 100
    for _ in range(60):
        await rounds(world)
        world.later(minutes=30)
    (row,) = world.deliveries()
    assert row.status == "dead"
    assert 10 <= row.attempts <= 30
    assert world.counted[-1] == ("webhook", "dead")
    tried = len(world.http.requests)
    world.later(days=3)
    await rounds(world)
    assert len(world.http.requests) == tried
    world.http.script = []
    now = world.clock.now()
    again = await world.db.write(lambda c: deliveries.resend(c, row, now=now, expires_at=now))
    await world.db.write(lambda c: deliveries.wake(c, [row.channel_id], now, in_trouble_too=True))
    await rounds(world)
    assert (again, world.deliveries()[0].status) == (True, "sent")
    assert ids_of(world.http.requests)[-1] == row.id


async def test_a_receiver_that_is_gone_is_asked_once(world, delivery):
    world.http.script = [GONE]
    await rounds(world)
    assert (world.deliveries()[0].status, len(world.http.requests)) == ("dead", 1)


async def test_one_delivery_that_is_refused_holds_no_other_up(world):
    world.rule(world.channel(), kinds=["scan_completed"])
    await world.scan(target="a.example")
    world.http.script = [BROKEN]
    await rounds(world)
    await world.scan(target="b.example")
    await rounds(world)
    assert [row.status for row in world.deliveries()] == ["waiting", "sent"]


async def test_a_receiver_that_is_away_is_not_asked_for_each_delivery_and_gets_all_when_it_is_back(world):
    world.rule(world.channel(), kinds=["scan_completed"])
    for number in range(5):
        await world.scan(target=f"corp{number}.example")
    world.http.script = [DEAF] * 200
    for _ in range(60):
        await rounds(world)
        world.later(minutes=1)
    tried = len(world.http.requests)
    assert tried <= 5 + 3_600 / MAX_CHANNEL_PAUSE_S * 1.5
    world.http.script = []
    world.later(seconds=MAX_CHANNEL_PAUSE_S)
    async with asyncio.timeout(60):
        while any(row.status != "sent" for row in world.deliveries()):
            await rounds(world)
    assert [row.status for row in world.deliveries()] == ["sent"] * 5
    assert world.rows(channels)[0].failures == 0


async def test_a_robot_gets_no_more_messages_than_its_service_takes(world):
    world.rule(world.channel("dingtalk", url="https://robot.example/?access_token=x"), kinds=["scan_completed"])
    world.http.script = [HttpAnswer(200, {}, b'{"errcode":0}')] * 9
    for number in range(9):
        await world.scan(target=f"corp{number}.example")
    for _ in range(24):
        await rounds(world)
        world.later(seconds=1)
    assert len(world.http.requests) == 8
    await rounds(world)
    assert len(world.http.requests) == 9


async def test_a_disabled_channel_keeps_what_waits(world, delivery):
    await world.work_off()
    world.change(channels, is_enabled=False)
    await rounds(world)
    assert (world.http.requests, world.rows(channels)[0].due_at) == ([], None)
    world.change(channels, is_enabled=True)
    (channel,) = world.rows(channels)
    await world.db.write(lambda c: deliveries.wake(c, [channel.id], world.clock.now()))
    await rounds(world)
    assert world.deliveries()[0].status == "sent"


class HangingCarrier(Carrier):
    """One whose channels of some names answer when they are told to."""

    def hang(self, *channel_ids):
        self.gates = {one: asyncio.Event() for one in channel_ids}
        self.asked = []
        self.was_asked = asyncio.Event()

    async def send(self, channel, delivery):
        self.asked.append((channel.id, delivery.id))
        self.was_asked.set()
        if channel.id in self.gates:
            await self.gates[channel.id].wait()
        return Sent()


def hanging(world, *channel_ids):
    carrier = HangingCarrier(
        http=world.http, mail=world.sender.carrier.mail, seal=world.seal, writer=MessageWriter(), clock=world.clock
    )
    carrier.hang(*channel_ids)
    sender = NotificationSender(
        db=world.db, clock=world.clock, outbox=world.reader, carrier=carrier, retries=Retries(5.0)
    )
    return sender, carrier


async def test_a_channel_that_hangs_holds_no_other_up(world):
    stuck = [world.channel() for _ in range(TRIES_PER_USER - 1)]
    good = world.channel()
    for one in (*stuck, good):
        world.rule(one, kinds=["scan_completed"])
    sender, carrier = hanging(world, *stuck)
    await world.scan(target="a.example")
    await world.scan(target="b.example")
    await sender._round()
    async with asyncio.timeout(30):
        while [row.status for row in world.deliveries() if row.channel_id == good] != ["sent", "sent"]:
            await sender._round()
    assert {channel for channel, _ in carrier.asked} == {*stuck, good}
    assert len(carrier.asked) == len(stuck) + 2
    for gate in carrier.gates.values():
        gate.set()
    await rounds(world, sender)
    assert {row.status for row in world.deliveries()} == {"sent"}


async def test_one_user_whose_receivers_hang_leaves_places_to_others(world):
    stuck = [world.channel() for _ in range(20)]
    world.rule(*stuck, kinds=["scan_completed"])
    other = add_user(world.db, world.clock, "other")
    good = world.channel(user_id=other)
    world.rule(good, user_id=other, kinds=["scan_completed"])
    sender, carrier = hanging(world, *stuck)
    await world.scan(target="a.example")
    world.later(seconds=1)
    await world.scan(target="b.example", owner=other)
    await sender._round()
    async with asyncio.timeout(30):
        while [row.status for row in world.deliveries() if row.channel_id == good] != ["sent"]:
            await sender._round()
    asked = {channel for channel, _ in carrier.asked}
    assert (good in asked, len(asked & set(stuck))) == (True, TRIES_PER_USER)
    for gate in carrier.gates.values():
        gate.set()
    await rounds(world, sender)
    assert {row.status for row in world.deliveries()} == {"sent"}


async def test_what_waits_for_a_user_who_is_disabled_is_kept_until_they_are_back(world, delivery):
    await world.work_off()
    world.change(users, is_active=False)
    await rounds(world)
    world.change(users, is_active=True)
    await rounds(world)
    assert (world.http.requests, [row.attempts for row in world.deliveries()]) == ([], [0])
    world.later(seconds=INACTIVE_PAUSE.total_seconds())
    await rounds(world)
    assert [row.status for row in world.deliveries()] == ["sent"]


async def test_of_many_servers_one_sends(world):
    ids = [world.channel() for _ in range(4)]
    for one in ids:
        world.rule(one, kinds=["scan_completed"])
    for number in range(3):
        await world.scan(target=f"corp{number}.example")
    servers = [world.new_sender(world.clock) for _ in range(3)]
    await asyncio.gather(*(rounds(world, server) for server in servers))
    for server in servers:
        await rounds(world, server)
    assert len(world.http.requests) == len(set(ids_of(world.http.requests))) == 12


async def test_what_a_dead_sender_had_under_way_is_sent_by_the_next_under_the_same_id(world, delivery):
    """Between the send and its note nobody knows whether it was taken: it is sent again."""
    await world.work_off()
    now = world.clock.now()
    claimed = await world.db.write(lambda c: deliveries.claim(c, now, [], token="dead", until=now + CLAIM))
    await rounds(world)
    assert world.http.requests == []  # it may be at work still
    world.later(seconds=CLAIM.total_seconds())
    await rounds(world)
    assert ids_of(world.http.requests) == [claimed.delivery.id]
    (row,) = world.deliveries()
    assert (row.status, row.attempts) == ("sent", 2)


async def test_a_sender_that_comes_back_too_late_writes_nothing(world, delivery):
    await world.work_off()
    now = world.clock.now()
    claimed = await world.db.write(lambda c: deliveries.claim(c, now, [], token="slow", until=now + CLAIM))
    world.later(seconds=CLAIM.total_seconds())
    await rounds(world)
    failed = Failed(FailureCode.TIMEOUT)
    finish = world.sender._finish
    late = await world.db.write(
        lambda c: finish(c, claimed=claimed, token="slow", outcome=failed, now=world.clock.now())
    )
    assert (late, world.deliveries()[0].status) == (None, "sent")


async def test_what_comes_while_another_is_under_way_is_sent_after_it(world):
    channel = world.channel()
    world.rule(channel, kinds=["scan_completed"])
    sender, carrier = hanging(world, channel)
    await world.scan(target="a.example")
    await sender._round()
    await world.scan(target="b.example")
    await sender._round()
    assert len(carrier.asked) == 1
    carrier.gates[channel].set()
    await rounds(world, sender)
    assert [row.status for row in world.deliveries()] == ["sent", "sent"]


async def test_at_the_end_of_the_process_what_is_under_way_is_given_back(world, delivery):
    channel = world.rows(channels)[0].id
    sender, carrier = hanging(world, channel)
    await sender.start()
    async with asyncio.timeout(20):
        await carrier.was_asked.wait()
        await sender.stop()
    assert [row.claim for row in world.rows(channels)] == [None]
    await rounds(world)
    (row,) = world.deliveries()
    assert (row.status, ids_of(world.http.requests)) == ("sent", [row.id])


async def test_a_secret_of_another_key_is_said(world, delivery):
    world.change(channels, sealed=world.seal.seal({}, new_id()))
    await rounds(world)
    assert world.deliveries()[0].error["code"] == "secret_unreadable"


async def test_the_next_look_of_a_channel_is_that_of_its_first_delivery(world, delivery):
    world.http.script = [BROKEN]
    await rounds(world)
    (row,), (channel,) = world.rows(delivery_table), world.rows(channels)
    assert channel.due_at == row.next_at
