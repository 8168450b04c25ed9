import asyncio
from collections import deque
from contextlib import ExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.coverage import Seen
from app.domain.scan_facts import UrlState
from app.engines.crawl.frontier import AT_ONCE, Frontier
from app.engines.crawl.traps import TrapDetector
from app.scanstore.sqlite import SqliteScanStore


@pytest.fixture
def make(store):
    def make(*, max_depth=5, opened=("a.test",), **rest):
        frontier = Frontier(store=store, traps=TrapDetector(), max_depth=max_depth, **rest)
        asyncio.run(frontier.load())
        for host in opened:
            frontier.open_host(host, host)
        return frontier

    return make


def at(path, host="a.test"):
    return f"https://{host}/{path}"


def take_all(frontier):
    taken = []
    while (item := frontier.take()) is not None:
        taken.append(item)
        frontier.finish(item.id, UrlState.DONE)
    return [item.url for item in taken]


def test_the_nearest_come_first_and_files_last_among_them(make):
    frontier = make()
    frontier.add([at("far")], 2)
    frontier.add([at("x.zip"), at("near")], 1)
    frontier.add([at("")], 0)
    assert take_all(frontier) == [at(""), at("near"), at("x.zip"), at("far")]


def test_the_same_document_is_known_once(make):
    frontier = make()
    frontier.add([at("x"), at("x?utm_source=y"), at("x?sid=1"), at("%78")], 0)
    assert frontier.known == 1


def named(frontier):
    facts = map(frontier.fact, range(1, frontier.known + 1))
    return {fact.url: fact.found_on for fact in facts}


def test_every_url_remembers_the_document_that_named_it_first_also_after_a_restart(make):
    frontier = make()
    frontier.add([at("")], 0)
    start = frontier.take()
    frontier.add([at("early")], 1, found_on=start.id)
    frontier.finish(start.id, UrlState.DONE, links=[at("a"), at("b"), at("early")], same_depth=[at("c")])
    page = frontier.take()
    frontier.finish(page.id, UrlState.DONE, links=[at("b"), at("d")])
    known = named(frontier)
    assert known == {at(""): 0, **{at(name): start.id for name in ("early", "a", "b", "c")}, at("d"): page.id}
    assert named(make()) == known


def test_a_lane_gives_as_many_as_its_address_may_have_and_hosts_share_it(make):
    frontier = make(opened=(), per_address=2)
    for name in ("a.test", "b.a.test"):
        frontier.open_host(name, "127.64.0.1")
        frontier.add([at(str(number), name) for number in range(5)], 0)
    first, second = frontier.take(), frontier.take()
    assert frontier.take() is None
    assert not frontier.is_idle
    frontier.finish(first.id, UrlState.DONE)
    assert frontier.take() is not None
    assert frontier.take() is None
    frontier.finish(second.id, UrlState.DONE)


def test_lanes_take_turns(make):
    frontier = make(opened=("a.test", "b.test"))
    frontier.add([at(str(number)) for number in range(3)], 0)
    frontier.add([at(str(number), "b.test") for number in range(3)], 0)
    hosts = [frontier.take().host for _ in range(4)]
    assert hosts == ["a.test", "b.test", "a.test", "b.test"]


def test_a_limited_host_gives_one_at_a_time(make):
    frontier = make()
    frontier.limit_host("a.test", 1)
    frontier.limit_host("unknown.test", 1)
    frontier.add([at("1"), at("2")], 0)
    assert frontier.take() is not None
    assert frontier.take() is None


def test_urls_wait_until_their_host_is_open(make):
    frontier = make(opened=())
    frontier.add([at("x")], 0)
    assert frontier.take() is None
    assert frontier.is_idle
    frontier.open_host("a.test", "127.64.0.1")
    frontier.open_host("a.test", "127.64.0.2")
    assert take_all(frontier) == [at("x")]


def test_a_closed_host_refuses_what_waits_and_what_comes(make, store):
    frontier = make(opened=())
    frontier.add([at("1")], 0)
    frontier.close_host("a.test")
    frontier.open_host("a.test", "127.64.0.1")
    frontier.add([at("2")], 0)
    assert frontier.take() is None
    assert [url.state for url in store.load_urls()] == [UrlState.REFUSED] * 2


def test_closing_an_open_host_refuses_the_rest(make, store):
    frontier = make()
    frontier.add([at("1"), at("2")], 0)
    item = frontier.take()
    frontier.close_host("a.test")
    frontier.finish(item.id, UrlState.FAILED)
    assert frontier.take() is None
    assert [url.state for url in store.load_urls()] == [UrlState.FAILED, UrlState.REFUSED]


def test_what_is_given_back_comes_again(make):
    frontier = make()
    frontier.add([at("x")], 0)
    item = frontier.take()
    frontier.requeue(item.id)
    assert frontier.take() == item


def test_beyond_the_largest_number_urls_are_dropped_and_that_shows(make):
    frontier = make(max_known=3)
    frontier.add([at(str(number)) for number in range(3)], 0)
    assert not frontier.overflowed
    frontier.add([at("more"), at("1")], 0)
    assert (frontier.known, frontier.overflowed) == (3, True)


def test_beyond_the_largest_number_of_hosts_those_of_new_ones_are_dropped(make):
    frontier = make(max_hosts=2)
    frontier.add([at("1"), at("1", "b.test"), at("1", "c.test"), at("2", "b.test")], 0)
    assert (frontier.known, frontier.overflowed) == (3, True)


def test_what_pages_repeat_is_known_however_much_came_in_between(make, monkeypatch):
    monkeypatch.setattr("app.engines.crawl.frontier.RECENT", 3)
    frontier = make()
    for _ in range(2):
        frontier.add([at(str(number)) for number in range(10)], 0)
    frontier.add([at("x" * 2_000), at("x" * 2_000)], 0)
    assert frontier.known == 11


async def test_what_an_earlier_attempt_left_is_loaded_in_turns_with_others(store):
    first = Frontier(store=store, traps=TrapDetector(), max_depth=5)
    first.add([at(str(number)) for number in range(3 * AT_ONCE)], 0)
    again = Frontier(store=store, traps=TrapDetector(), max_depth=5)
    again.open_host("a.test", "127.64.0.1")
    loading, turns = asyncio.create_task(again.load()), 0
    while not loading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 3
    assert (again.known, again.take().url) == (3 * AT_ONCE, at("0"))


def test_out_of_depth_is_known_but_not_given(make):
    frontier = make(max_depth=1)
    frontier.add([at("x")], 2)
    assert frontier.take() is None
    assert frontier.known == 1
    frontier.add([at("x")], 1)
    assert take_all(frontier) == [at("x")]


def test_a_url_that_comes_nearer_in_flight_gives_its_links_the_new_distance(make):
    frontier = make()
    frontier.add([at("x")], 3)
    item = frontier.take()
    frontier.add([at("x")], 1)
    assert frontier.depth_of(item.id) == 1
    frontier.finish(item.id, UrlState.DONE, links=[at("y")])
    assert frontier.take().depth == 2


def test_what_is_beside_a_page_comes_as_near_as_the_page_does(make):
    """A redirect that is found by a longer way first costs no step of the shorter one either."""
    frontier = make()
    frontier.add([at("moved")], 3)
    moved = frontier.take()
    frontier.finish(moved.id, UrlState.DONE, same_depth=[at("new")])
    new = frontier.take()
    frontier.finish(new.id, UrlState.DONE, links=[at("behind")])
    frontier.add([at("moved")], 1)
    assert [frontier.find(at(path)).depth for path in ("moved", "new", "behind")] == [1, 1, 2]


def test_what_is_beside_a_page_is_as_near_and_ten_in_a_row_are_enough(make):
    frontier = make()
    frontier.add([at("0")], 1)
    for number in range(1, 30):
        item = frontier.take()
        if item is None:
            break
        assert item.depth == 1
        frontier.finish(item.id, UrlState.DONE, same_depth=[at(str(number))])
    assert frontier.known == 11


GRAPHS = st.lists(st.lists(st.integers(0, 11), max_size=4), min_size=12, max_size=12)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=GRAPHS, order=st.randoms(use_true_random=False), limit=st.integers(0, 6), killed_at=st.integers(0, 20))
def test_depth_is_the_shortest_way_in_any_order_of_answers(tmp_path_factory, graph, order, limit, killed_at):
    """Many workers finish in any order, one process is killed in between: what is reached, and how deep, stays."""
    path = tmp_path_factory.mktemp("f") / "scan.db"
    with ExitStack() as stores:  # also when hypothesis gives an example up in the middle
        store = stores.enter_context(closing(SqliteScanStore(path)))
        frontier = start(store, limit)
        frontier.add([at("0")], 0)
        flying, steps, seen = [], 0, []
        while True:
            while (item := frontier.take()) is not None:
                flying.append(item)
            if not flying:
                break
            item = flying.pop(order.randrange(len(flying)))
            seen.append(item.url)
            number = int(item.url.rpartition("/")[2])
            frontier.finish(item.id, UrlState.DONE, links=[at(str(target)) for target in graph[number]])
            store.flush()
            steps += 1
            if steps == killed_at:
                store.close()
                store = stores.enter_context(closing(SqliteScanStore(path)))
                frontier, flying = start(store, limit), []
        found = {int(url.url.rpartition("/")[2]): url.depth for url in store.load_urls() if url.state is UrlState.DONE}
    assert found == shortest(graph, limit)
    assert len(seen) == len(set(seen))


def start(store, limit):
    frontier = Frontier(store=store, traps=TrapDetector(), max_depth=limit, per_address=99)
    asyncio.run(frontier.load())
    frontier.open_host("a.test", "127.64.0.1")
    return frontier


def shortest(graph, limit):
    depths, waiting = {0: 0}, deque([0])
    while waiting:
        node = waiting.popleft()
        for target in graph[node] if depths[node] < limit else ():
            if target not in depths:
                depths[target] = depths[node] + 1
                waiting.append(target)
    return depths


def test_what_lies_at_a_blocked_host_is_known_and_never_given(make):
    frontier = make(is_blocked=lambda host: host == "oa.a.test")
    frontier.add([at(""), at("x", "oa.a.test")], 0)
    frontier.open_host("oa.a.test", "oa.a.test")
    frontier.add([at("y", "oa.a.test")], 1)
    assert take_all(frontier) == [at("")]
    assert frontier.is_idle
    assert [frontier.seen_of(number) for number in (2, 3)] == [Seen.BLOCKED_TARGET] * 2
