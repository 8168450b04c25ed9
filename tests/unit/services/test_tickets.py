"""The store of open tickets: once, for a while, and not without bounds."""

from dataclasses import replace

import pytest

from app.core.errors import LimitReached, Unauthenticated
from app.core.identity import Identity
from app.services.tickets import MemoryTickets, Tickets
from tests.support.house import HandClock, make_settings

MEI = Identity("u1", "mei", "user", "s1", HandClock().now())


@pytest.fixture
def clock():
    return HandClock()


async def test_a_ticket_is_taken_once_and_within_its_time(clock):
    store = MemoryTickets(clock=clock)
    await store.put("a", MEI, ttl_s=30)
    clock.seconds = 20
    await store.put("b", MEI, ttl_s=30)
    assert await store.take("a") == MEI
    assert await store.take("a") is None
    clock.seconds = 50
    assert await store.take("b") is None
    assert await store.take("never") is None
    assert (len(store), store._of_user) == (0, {})


async def test_the_oldest_ticket_of_a_user_gives_way_and_nobody_elses(clock):
    store = MemoryTickets(clock=clock, per_user=2)
    other = replace(MEI, user_id="u2")
    await store.put("other", other, ttl_s=30)
    for digest in ("a", "b", "c"):
        await store.put(digest, MEI, ttl_s=30)
    assert [await store.take(digest) for digest in ("a", "b", "c", "other")] == [None, MEI, MEI, other]


async def test_too_many_open_tickets_wait_for_some_to_expire(clock):
    store = MemoryTickets(clock=clock, total=3)
    for number in range(3):
        await store.put(str(number), replace(MEI, user_id=str(number)), ttl_s=30)
    with pytest.raises(LimitReached) as caught:
        await store.put("x", MEI, ttl_s=30)
    assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", 30)
    clock.seconds = 30
    await store.put("x", MEI, ttl_s=30)
    assert len(store) == 1


async def test_what_is_kept_opens_nothing(tmp_path, clock):
    store = MemoryTickets(clock=clock)
    tickets = Tickets(settings=make_settings(tmp_path), store=store)
    issued = await tickets.issue(MEI)
    (digest,) = store._open
    assert issued.ticket not in digest
    with pytest.raises(Unauthenticated):
        await tickets.redeem(digest)
    assert await tickets.redeem(issued.ticket) == MEI


@pytest.mark.parametrize("ticket", ["", "x" * 129, "\ud800", "é"])
async def test_what_is_no_ticket_is_refused(tmp_path, clock, ticket):
    tickets = Tickets(settings=make_settings(tmp_path), store=MemoryTickets(clock=clock))
    with pytest.raises(Unauthenticated) as caught:
        await tickets.redeem(ticket)
    assert caught.value.code == "invalid_token"
