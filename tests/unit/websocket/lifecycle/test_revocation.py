"""What is remembered of questioned access. The rest is in tests/integration/test_renewal.py."""

from dataclasses import replace

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.sites.queries import sites
from app.websocket.lifecycle.revocation import RecentRevocations
from tests.support.clock import FakeClock
from tests.support.rows import add_site


def test_only_hints_since_the_moment_count():
    clock = FakeClock()
    recent = RecentRevocations(clock=clock)
    assert not recent.noted_since("a", 0)
    recent.note("a")
    assert recent.noted_since("a", clock.monotonic())
    assert not recent.noted_since("b", 0)
    clock.advance(1)
    assert not recent.noted_since("a", clock.monotonic())


def test_the_oldest_is_forgotten_when_there_are_too_many():
    recent = RecentRevocations(clock=FakeClock(), max_users=2)
    for user in ("a", "b", "a", "c"):
        recent.note(user)
    assert [recent.noted_since(user, 0) for user in ("a", "b", "c")] == [True, False, True]


# Keys that are for one group of sites


async def of_group(desk, user, group="North"):
    watcher = await desk.connect(user)
    watcher.connection.principal = replace(watcher.connection.principal, key_id="k", group=group)
    return watcher


def move(stack, site_id, group):
    stack.db.write_sync(lambda c: sites.change(c, site_id, {"group_name": group}, None))


async def test_a_round_reads_once_for_each_group_and_ends_what_follows_a_scan_outside(desk):
    stack, user, task = await desk.open_task()
    site_id = add_site(stack.db, stack.clock, user, "example.org", "North")
    inside = [await of_group(desk, user) for _ in range(5)]
    for watcher in inside:
        await desk.follow(watcher, task)
    idle, whole = await of_group(desk, user), await desk.connect(user)
    await desk.follow(whole, task)
    reads, read = [], stack.db.read
    stack.db.read = lambda work: reads.append(work) or read(work)
    desk.manager.revocation.recheck(user)
    await desk.settle()
    assert len(reads) == 1
    move(stack, site_id, "South")
    desk.manager.revocation.recheck(user)
    await desk.settle()
    assert {watcher.transport.closed_with for watcher in inside} == {(4500, "role_changed")}
    assert not idle.transport.closed
    assert not whole.transport.closed
    await desk.manager.disconnect(idle.connection)
    for watcher in inside:
        await desk.manager.disconnect(watcher.connection)
    reads.clear()
    desk.manager.revocation.recheck(user)
    await desk.settle()
    assert reads == []


async def test_a_database_that_is_away_ends_nobody(desk):
    stack, user, task = await desk.open_task()
    add_site(stack.db, stack.clock, user, "example.org", "North")
    watcher = await of_group(desk, user)
    await desk.follow(watcher, task)

    async def lose(_work):
        raise DatabaseUnavailable(Failure.BUSY)

    read, stack.db.read = stack.db.read, lose
    desk.manager.revocation.recheck(user)
    await desk.settle()
    stack.db.read = read
    assert not watcher.transport.closed
