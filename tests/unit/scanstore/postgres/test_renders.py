"""Pages that scans want to be rendered: leased once, fenced by the attempt, taken over, answered once."""

import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from app.core.ids import new_id
from app.scanstore.errors import StoreUnavailable
from app.scanstore.postgres.renders import MAX_TRIES, PER_HOST
from app.scanstore.postgres.store import Attempt
from app.scanstore.renders import RenderAnswer, RenderOrder, RenderOutcome, RenderState
from tests.support.postgres_scans import PostgresScan

pytestmark = pytest.mark.system
RENDERED = RenderAnswer(RenderOutcome.RENDERED, "", "http://b.test/next", "drawn \x00", b"\xff\xd8picture", b"packed")


def order(url="http://b.test/", **more):
    return RenderOrder(**{"id": new_id(), "url": url, "timeout_s": 15.0, "needs_document": False, **more})


@pytest.fixture
def scan(postgres_run):
    """A scan that has taken its store."""
    with closing(postgres_run.open()) as store:
        store.hosts()
        yield postgres_run


@pytest.fixture
def leases(scan):
    return scan.stores.leases


def renders_of(scan, attempt=None):
    return scan.stores.renders(Attempt(scan.task_id, 1, attempt or scan.attempt))


def put(scan, *orders):
    renders_of(scan).put(orders)
    return [one.id for one in orders]


def expire(scan):
    """The time of every lease is over, as after the death of their holders."""
    with scan.engine.begin() as connection:
        connection.execute(text("UPDATE scan_drawings SET held_until = now() - interval '1 second'"))


def test_a_page_is_rendered_by_one_worker_and_answered_once(scan, leases):
    wanted = order("http://b.test/\x00?a", needs_document=True)
    renders = renders_of(scan)
    put(scan, wanted)
    assert leases.is_any_wanted()
    assert renders.states() == [RenderState(wanted.id, is_held=False, is_answered=False)]
    assert leases.lease("one", 4) == [wanted]
    assert leases.lease("another", 4) == []
    assert not leases.is_any_wanted()
    assert renders.states() == [RenderState(wanted.id, is_held=True, is_answered=False)]
    assert renders.answer(wanted.id) is None
    assert not leases.finish("another", wanted.id, RENDERED)
    assert leases.finish("one", wanted.id, RENDERED)
    assert not leases.finish("one", wanted.id, RenderAnswer(RenderOutcome.FAILED))
    assert [state.is_answered for state in renders.states()] == [True]
    assert renders.answer(wanted.id) == RENDERED
    renders.remove([wanted.id])
    assert renders.states() == []


def test_asking_again_changes_nothing(scan, leases):
    wanted = order()
    put(scan, wanted)
    leases.lease("one", 1)
    put(scan, wanted)
    assert [state.is_held for state in renders_of(scan).states()] == [True]


def test_what_a_killed_worker_held_is_taken_over_and_its_late_answer_is_not_taken(scan, leases):
    (wanted,) = put(scan, order())
    leases.lease("killed", 1)
    expire(scan)
    assert [one.id for one in leases.lease("another", 1)] == [wanted]
    assert leases.renew("killed", [wanted]) == set()
    assert not leases.finish("killed", wanted, RENDERED)
    assert leases.renew("another", [wanted]) == {wanted}
    assert leases.finish("another", wanted, RENDERED)


def test_who_was_only_slow_to_renew_may_still_answer(scan, leases):
    (wanted,) = put(scan, order())
    leases.lease("slow", 1)
    expire(scan)
    assert leases.renew("slow", [wanted]) == {wanted}
    assert leases.lease("another", 1) == []
    assert leases.finish("slow", wanted, RENDERED)


def test_an_attempt_that_was_succeeded_gets_nothing_rendered(scan, leases):
    held, waiting = put(scan, order("http://b.test/"), order("http://c.test/"))
    leases.lease("one", 1)
    old = renders_of(scan)
    scan.requeue()
    assert not leases.is_any_wanted()
    assert leases.lease("one", 4) == []
    with closing(scan.open()) as later:
        later.hosts()
        assert leases.renew("one", [held]) == set()
        assert not leases.finish("one", held, RENDERED)
        old.put([order("http://d.test/")])
        assert {state.id for state in old.states()} == {held, waiting}
        assert renders_of(scan).states() == []
        (fresh,) = put(scan, order("http://b.test/"))
        assert [one.id for one in leases.lease("one", 4)] == [fresh]
        leases.forget_over()
        assert old.states() == []
        assert len(renders_of(scan).states()) == 1


@pytest.mark.parametrize("status", ["cancelling", "failed"])
def test_a_scan_that_does_not_run_gets_nothing_rendered(scan, leases, status):
    put(scan, order())
    scan.change_task(status=status)
    assert leases.lease("one", 4) == []
    leases.forget_over()
    assert renders_of(scan).states() == []


def test_a_page_that_ends_every_worker_is_given_up(scan, leases):
    (wanted,) = put(scan, order())
    for number in range(MAX_TRIES):
        assert [one.id for one in leases.lease(f"worker-{number}", 1)] == [wanted]
        expire(scan)
    assert leases.lease("next", 1) == []
    assert renders_of(scan).answer(wanted).outcome is RenderOutcome.FAILED


def test_what_is_given_back_is_rendered_at_once_and_counts_only_when_a_page_may_be_the_reason(scan, leases):
    (wanted,) = put(scan, order())
    for number in range(MAX_TRIES + 1):
        assert [one.id for one in leases.lease(f"ended-{number}", 1)] == [wanted]
        leases.give_back(f"ended-{number}", counts=False)
    for number in range(MAX_TRIES):
        assert [one.id for one in leases.lease(f"crashed-{number}", 1)] == [wanted]
        leases.give_back(f"crashed-{number}", counts=True)
    assert leases.lease("next", 1) == []
    assert renders_of(scan).answer(wanted).outcome is RenderOutcome.FAILED


def test_one_host_is_asked_for_a_few_pages_at_a_time(scan, leases):
    put(scan, *[order(f"http://b.test/{number}") for number in range(PER_HOST + 3)], order("http://c.test/"))
    first = leases.lease("one", PER_HOST - 1)
    second = leases.lease("two", PER_HOST)
    assert [one.url for one in second] == [f"http://b.test/{PER_HOST - 1}", "http://c.test/"]
    assert leases.finish("one", first[0].id, RENDERED)
    assert len(leases.lease("two", PER_HOST)) == 1


def test_pages_of_the_site_come_before_pictures_of_others(scan, leases):
    pictures = put(scan, order("http://c.test/"), order("http://d.test/"))
    (own,) = put(scan, order("http://corp.test/", logs=True))
    assert [leases.lease("one", 1)[0].id for _ in range(3)] == [own, *pictures]


def test_a_scan_with_many_pages_does_not_keep_another_waiting(scan, leases, postgres_database, tmp_path):
    with closing(PostgresScan(postgres_database, tmp_path, "task-2")) as other, closing(other.open()) as store:
        store.hosts()
        put(scan, *[order(f"http://h{number}.test/") for number in range(10)])
        put(other, *[order(f"http://o{number}.test/") for number in range(3)])
        assert [one.url[7] for one in leases.lease("one", 6)] == ["h", "o", "h", "o", "h", "o"]


def test_workers_that_ask_at_the_same_time_get_different_pages(scan, leases):
    put(scan, *[order(f"http://b.test/{number}") for number in range(20)])
    found = [[] for _ in range(6)]
    threads = [threading.Thread(target=lambda n=n: found[n].extend(leases.lease(f"w{n}", 4))) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [one.id for some in found for one in some]
    assert len(taken) == len(set(taken)) == PER_HOST, "together they ask a host for no more than that"


def test_a_scan_takes_back_what_nobody_is_at(scan, leases):
    held, waiting = put(scan, order("http://b.test/"), order("http://c.test/"))
    assert not renders_of(scan).is_any_held()
    leases.lease("one", 1)
    assert renders_of(scan).is_any_held()
    assert renders_of(scan).take_back([held, waiting]) == {waiting}
    assert leases.lease("two", 4) == []
    expire(scan)
    assert not renders_of(scan).is_any_held()
    assert renders_of(scan).take_back([held]) == {held}
    assert not leases.finish("one", held, RENDERED)


def test_the_end_of_the_scan_takes_its_orders_along(scan, leases):
    put(scan, order(), order())
    renders_of(scan).remove_all()
    assert leases.lease("one", 4) == []
    (wanted,) = put(scan, order())
    leases.lease("one", 1)
    scan.stores.remove(scan.task_id, 1)
    assert scan.ask("SELECT id FROM scan_drawings") == []
    assert not leases.finish("one", wanted, RENDERED)


def test_a_database_that_is_away_is_said(scan, leases):
    with scan.engine.begin() as connection:
        connection.execute(text("ALTER TABLE scan_drawings RENAME TO elsewhere"))
    try:
        with pytest.raises(StoreUnavailable):
            leases.lease("one", 1)
        with pytest.raises(StoreUnavailable):
            renders_of(scan).states()
    finally:
        with scan.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO scan_drawings"))
