"""The store of open tickets: once, for a while, and not without bounds."""

import asyncio
from dataclasses import replace

import pytest

from app.core.db import Database
from app.core.errors import LimitReached, Unauthenticated
from app.core.principal import Principal
from app.core.scopes import Scope
from app.identity.tickets import SharedTicketStore, Tickets, TicketStore
from app.migrations.runner import migrate
from tests.support.backend import HandClock, make_settings
from tests.support.rows import add_user

MEI = Principal("u1", "mei", "user", "s1", HandClock().now())


@pytest.fixture
def clock():
    return HandClock()


async def test_a_ticket_is_taken_once_and_within_its_time(clock):
    store = TicketStore(clock=clock)
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
    store = TicketStore(clock=clock, per_user=2)
    other = replace(MEI, user_id="u2")
    await store.put("other", other, ttl_s=30)
    for digest in ("a", "b", "c"):
        await store.put(digest, MEI, ttl_s=30)
    assert [await store.take(digest) for digest in ("a", "b", "c", "other")] == [None, MEI, MEI, other]


async def test_too_many_open_tickets_wait_for_some_to_expire(clock):
    store = TicketStore(clock=clock, total=3)
    for number in range(3):
        await store.put(str(number), replace(MEI, user_id=str(number)), ttl_s=30)
    with pytest.raises(LimitReached) as caught:
        await store.put("x", MEI, ttl_s=30)
    assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", 30)
    clock.seconds = 30
    await store.put("x", MEI, ttl_s=30)
    assert len(store) == 1


async def test_what_is_kept_opens_nothing(tmp_path, clock):
    store = TicketStore(clock=clock)
    tickets = Tickets(settings=make_settings(tmp_path), store=store)
    issued = await tickets.issue(MEI)
    (digest,) = store._open
    assert issued.ticket not in digest
    with pytest.raises(Unauthenticated):
        await tickets.redeem(digest)
    assert await tickets.redeem(issued.ticket) == MEI


@pytest.mark.parametrize("ticket", ["", "x" * 129, "\ud800", "é"])
async def test_what_is_no_ticket_is_refused(tmp_path, clock, ticket):
    tickets = Tickets(settings=make_settings(tmp_path), store=TicketStore(clock=clock))
    with pytest.raises(Unauthenticated) as caught:
        await tickets.redeem(ticket)
    assert caught.value.code == "invalid_token"


@pytest.fixture
async def shared(postgres):
    """Two servers with one database, and a user's id."""
    with postgres.new_database() as url:
        databases = [Database(url), Database(url)]
        migrate(databases[0], clock=HandClock())
        yield databases, add_user(databases[0], HandClock(), "mei")
        for db in databases:
            await db.close()


@pytest.mark.system
async def test_what_one_server_issues_another_redeems_once(shared):
    (first, second), user = shared
    mei = replace(MEI, user_id=user)
    await SharedTicketStore(db=first).put("a", mei, ttl_s=30)
    taken = await asyncio.gather(*(SharedTicketStore(db=db).take("a") for db in (first, second) * 4))
    assert [found for found in taken if found is not None] == [mei]


@pytest.mark.system
async def test_a_ticket_that_a_key_bought_names_the_key_at_the_other_server(shared):
    """The rights are those of the key when the ticket is redeemed, and are not kept with it."""
    (first, second), user = shared
    of_key = replace(MEI, user_id=user, session_id="", key_id="k", scopes=frozenset({Scope.READ}))
    await SharedTicketStore(db=first).put("a", of_key, ttl_s=30)
    assert await SharedTicketStore(db=second).take("a") == replace(of_key, scopes=None)


@pytest.mark.system
async def test_tickets_of_several_servers_have_the_same_bounds_and_end(shared):
    (first, second), user = shared
    mei = replace(MEI, user_id=user)
    one, other = SharedTicketStore(db=first, per_user=2), SharedTicketStore(db=second, total=2)
    for number, digest in enumerate(("a", "b", "c")):
        await one.put(digest, mei, ttl_s=20 + number)
    with pytest.raises(LimitReached):
        await other.put("d", mei, ttl_s=30)
    assert [await other.take(digest) for digest in ("a", "b", "c")] == [None, mei, mei]
    await one.put("short", mei, ttl_s=0.01)
    await asyncio.sleep(0.05)
    assert await other.take("short") is None
