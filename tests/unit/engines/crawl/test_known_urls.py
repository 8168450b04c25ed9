"""URLs as numbers."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.coverage import Seen
from app.domain.scan_facts import UrlState
from app.engines.crawl import known_urls
from app.engines.crawl.known_urls import MAX_LATE, KnownUrls


def add(known, key, host="a.test", depth=0, *, is_binary=False):
    return known.add(key, host, depth, hops=0, found_on=0, is_binary=is_binary)


@settings(max_examples=50)
@given(st.lists(st.text(max_size=3), unique=True, max_size=200), st.lists(st.text(max_size=3)))
def test_a_key_is_known_once_it_was_added_and_no_other_is(keys, others):
    known = KnownUrls()
    ids = {key: add(known, key) for key in keys}
    assert list(ids.values()) == list(range(1, len(keys) + 1))
    assert all(known.find(key) == ids.get(key, 0) for key in [*keys, *others])
    assert len(known) == len(keys)


def test_a_segment_of_the_index_that_grows_loses_nothing(monkeypatch):
    monkeypatch.setattr(known_urls, "_SEGMENT", 0)
    known = KnownUrls()
    ids = {f"key {number}": add(known, f"key {number}") for number in range(1_000)}
    assert {key: known.find(key) for key in ids} == ids


def test_a_url_has_what_was_said_of_it():
    known = KnownUrls()
    first = add(known, "1")
    second = known.add("2", "b.test", 3, hops=2, found_on=first, is_binary=True)
    assert (known.host(first), known.host(second)) == ("a.test", "b.test")
    assert (known.depths[second], known.hops(second), known.found_on(second)) == (3, 2, first)
    assert known.is_pending(second)
    assert known.knows_host("b.test")
    assert not known.knows_host("c.test")


@pytest.mark.parametrize("state", UrlState)
@pytest.mark.parametrize("seen", [None, *Seen])
def test_every_state_and_all_that_can_be_seen_come_back(state, seen):
    known = KnownUrls()
    url_id = add(known, "1")
    known.set_state(url_id, state, seen)
    assert (known.state(url_id), known.seen(url_id)) == (state, seen)
    assert known.is_pending(url_id) == (state is UrlState.PENDING)


def test_the_place_in_a_queue_is_lateness_then_distance_then_files_then_age():
    known = KnownUrls()
    late, far, file, young, first = (
        add(known, "late"),
        add(known, "far", depth=10**9),
        add(known, "file", depth=2, is_binary=True),
        add(known, "young", depth=2),
        add(known, "first", depth=1),
    )
    for _ in range(MAX_LATE + 5):
        known.put_deferred(late)
    keys = sorted(map(known.queue_key, (late, far, file, young, first)))
    assert [key & 2**32 - 1 for key in keys] == [first, young, file, far, late]


def test_a_url_takes_less_than_sixty_bytes():
    add(KnownUrls(), "")
    tracemalloc.start()
    known = KnownUrls()
    for number in range(50_000):
        add(known, f"key {number}")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(known) < 60
