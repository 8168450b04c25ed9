"""What a scan names is never collected: any order of scans, deletions and time, also in the middle of a sweep."""

import asyncio
import os
import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from app.captures.contents import Contents
from app.captures.folder import FolderStorage
from app.captures.port import ContentMissing
from app.core.clock import SystemClock
from app.maintenance.capture_garbage_collector import CaptureGarbageCollector
from tests.support.s3_server import bucket_at

HOUR_S = 3_600
PAGES = [f"page {number}".encode() for number in range(4)]
SCANS = 3
# What a scan or a user does next.
ACTION = st.one_of(
    st.tuples(st.just("put"), st.integers(0, SCANS - 1), st.sampled_from(PAGES)),
    st.tuples(st.just("name"), st.integers(0, SCANS - 1), st.none()),
    st.tuples(st.just("delete"), st.integers(0, SCANS - 1), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 60), st.none()),
)


class NoPause(SystemClock):
    async def sleep(self, seconds):
        await asyncio.sleep(0)


class Folder:
    def __init__(self, path):
        self.path = path
        self.storage = FolderStorage(path)

    def now(self):
        return time.time()

    def wait(self, seconds):
        for path in self.path.rglob("*"):
            if path.is_file():
                then = path.stat().st_mtime - seconds
                os.utime(path, (then, then))


class Bucket:
    """Objects in memory: the same code of ours, and thousands of orders in seconds."""

    def __init__(self, _path):
        self.time = time.time()
        self.storage = bucket_at("http://127.0.0.1:9", now=self.now)
        self.storage._store = MemoryStore()

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += seconds


class World:
    """Scans that put contents and name them soon; a sweep that is interrupted by them before each of its steps."""

    def __init__(self, place, interruptions):
        self.place = place
        self.contents = Contents(place.storage)
        self.named = [set() for _ in range(SCANS)]
        self.put = [set() for _ in range(SCANS)]  # and not yet named
        self.interruptions = interruptions
        self.collector = CaptureGarbageCollector(contents=self, stores=self, clock=NoPause())

    def act(self, kind, number, page):
        match kind:
            case "put":
                self.put[number].add(self.contents.put(page))
            case "name":
                self.named[number] |= self.put[number]
                self.put[number].clear()
            case "delete":
                self.named[number].clear()
                self.put[number].clear()
            case "wait":
                for scan in range(SCANS):  # a scan names what it has put within seconds
                    self.act("name", scan, None)
                self.place.wait(number * HOUR_S)

    def interrupt(self):
        """Whatever somebody does now, time that passes in a sweep is short."""
        if self.interruptions:
            for kind, number, page in self.interruptions.pop(0):
                if kind != "wait":
                    self.act(kind, number, page)

    def sweep(self):
        return asyncio.run(self.collector.collect(datetime.fromtimestamp(self.place.now(), UTC)))

    # The storage and the stores of the scans, as the sweep sees them

    def list_old(self, before):
        for sha256 in self.place.storage.list_old(before):
            yield sha256
            self.interrupt()

    def remove(self, sha256, before):
        self.interrupt()
        return self.place.storage.remove(sha256, before)

    def shown_among(self, hashes):
        for named in self.named:
            self.interrupt()
            yield named & hashes

    def assert_all_shown_is_there(self):
        for named in self.named:
            for sha256 in named:
                self.contents.get(sha256)


def put_again_at(step):
    """The sweep is about to remove a content, and a scan puts it before its step of this number."""
    alone = [("put", 0, PAGES[0]), ("wait", 60, None), ("delete", 0, None)]
    return example(before=alone, interruptions=[[]] * step + [[("put", 1, PAGES[0])]], after=[])


@pytest.mark.parametrize("kind", [Folder, Bucket])
@settings(max_examples=150)
@put_again_at(0)  # it has been listed
@put_again_at(1)  # scans are asked what they name
@put_again_at(3)
@put_again_at(4)  # nobody names it: it goes
@given(
    before=st.lists(ACTION, max_size=12),
    interruptions=st.lists(st.lists(ACTION, max_size=3), max_size=12),
    after=st.lists(ACTION, max_size=6),
)
def test_whatever_happens_in_a_sweep_what_a_scan_names_is_there(tmp_path_factory, kind, before, interruptions, after):
    world = World(kind(tmp_path_factory.mktemp("captures")), interruptions)
    for action in before:
        world.act(*action)
    world.sweep()
    world.act("wait", 1, None)
    world.assert_all_shown_is_there()
    for action in after:
        world.act(*action)
        world.sweep()
    world.act("wait", 1, None)
    world.assert_all_shown_is_there()


@pytest.mark.parametrize("kind", [Folder, Bucket])
def test_what_nobody_names_any_more_is_gone_after_three_days(tmp_path, kind):
    """So that the property above is not fulfilled by never removing anything."""
    world = World(kind(tmp_path), [])
    world.act("put", 0, PAGES[0])
    world.act("put", 1, PAGES[0])
    world.act("put", 0, PAGES[1])
    world.act("wait", 72, None)
    assert world.sweep() == 0
    world.act("delete", 0, None)
    assert world.sweep() > 0
    (shared,) = world.named[1]
    assert world.contents.get(shared) == PAGES[0]
    world.act("delete", 1, None)
    world.sweep()
    with pytest.raises(ContentMissing):
        world.contents.get(shared)
    assert list(world.place.storage.list_all()) == []
