"""A channel hands out the next row and nothing else, in step with all who are live."""

from datetime import UTC, datetime

from app.events.event import Event
from tests.support.realtime import warning


def event(task, seq):
    return Event(task, seq, 1, "task_cancelling", '{"by":"mei"}', datetime(2026, 1, 1, tzinfo=UTC))


async def test_hints_in_any_order_deliver_each_row_once(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    channel = desk.dispatcher.channels[task]
    for seq in (4, 3, 3, 5, 4, 4, 5):
        channel.offer(seq, [event(task, seq)])
    await desk.settle()
    assert [frame["seq"] for frame in watcher.frames()] == [3, 4, 5]
    assert (channel.cursor, channel.target_seq, channel.behind) == (5, 5, False)


async def test_idle_subscriptions_with_the_same_topics_are_in_one_group(desk):
    stack, user, task = await desk.open_task()
    watchers = [await desk.connect(user) for _ in range(3)]
    for watcher in watchers:
        await desk.follow(watcher, task)
    await stack.say(task, warning("brings them together"))  # whoever was ahead of the channel joins with it
    await stack.say(task, warning())
    await desk.settle()
    groups = {watcher.connection.followed[task].group for watcher in watchers}
    assert len(groups) == 1
    assert len(groups.pop()) == 3


async def test_a_backpressured_subscription_has_a_position_of_its_own_until_it_has_drained(desk):
    stack, user, task = await desk.open_task()
    slow, steady = await desk.connect(user), await desk.connect(user)
    for watcher in (slow, steady):
        await desk.follow(watcher, task)
    slow.transport.stalled = True
    await stack.say(task, warning("fills"))
    await desk.settle()
    assert slow.connection.followed[task].group is None
    await stack.say(task, warning("waits"))
    await desk.settle()
    assert [frame["message"] for frame in steady.frames()] == ["fills", "waits"]
    slow.transport.drain()
    assert [frame["message"] for frame in slow.frames()] == ["fills", "waits"]
    assert slow.connection.followed[task].group is steady.connection.followed[task].group


async def test_notices_go_to_the_owners_connections_that_do_not_follow(desk):
    _, user, task = await desk.open_task()
    follows, looks = await desk.connect(user), await desk.connect(user)
    await desk.follow(follows, task)
    desk.dispatcher.channels[task].offer(3, [event(task, 3)])
    await desk.settle()
    (followed,), (notice,) = follows.frames(), looks.frames()
    assert followed["prev_seq"] == 2
    assert "prev_seq" not in notice


async def test_skipping_what_was_pruned_holds_those_that_missed_it(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    channel, subscription = desk.dispatcher.channels[task], watcher.connection.followed[task]
    assert channel.skip_to(9) == [subscription]
    assert (channel.cursor, subscription.live, subscription.group) == (9, False, None)


async def test_a_log_that_went_back_holds_everybody(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    channel, subscription = desk.dispatcher.channels[task], watcher.connection.followed[task]
    subscription.noticed = 2  # of events that there are no more
    assert channel.go_back(1) == [subscription]
    assert (channel.cursor, channel.target_seq, subscription.noticed) == (1, 1, 1)
