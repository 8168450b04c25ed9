"""A storage that answers, one that does not, and one that takes its time."""

import threading

import pytest

from app.captures.folder import FolderStorage
from app.captures.port import ContentsUnavailable
from app.maintenance.captures_probe import CapturesProbe
from tests.support.backend import HandClock


class Storage:
    def __init__(self):
        self.away = False
        self.gate = threading.Event()
        self.gate.set()
        self.asked = 0

    def read(self, _sha256):
        self.asked += 1
        self.gate.wait(10)
        if self.away:
            raise ContentsUnavailable("away")
        return b""


@pytest.fixture
def storage():
    storage = Storage()
    yield storage
    storage.gate.set()


async def test_a_folder_answers_also_before_anything_was_captured(tmp_path):
    probe = CapturesProbe(storage=FolderStorage(tmp_path / "captures"), clock=HandClock())
    assert probe.answers
    assert await probe.look()


async def test_a_storage_that_is_away_is_seen_and_so_is_its_return(storage):
    probe = CapturesProbe(storage=storage, clock=HandClock())
    seen = []
    for storage.away in (False, True, True, False):
        await probe.look()
        seen.append(probe.answers)
    assert seen == [True, False, False, True]


async def test_a_storage_that_does_not_answer_in_time_is_away_and_is_not_asked_twice_at_once(storage):
    probe = CapturesProbe(storage=storage, clock=HandClock(), within_s=0.05)
    storage.gate.clear()
    assert not await probe.look()
    assert not await probe.look()
    assert storage.asked == 1
    storage.gate.set()
    probe.within_s = 5.0
    assert await probe.look()


@pytest.mark.system
async def test_a_bucket_that_is_away_is_seen(s3):
    from tests.support.s3_server import bucket_at, faulty_proxy

    with faulty_proxy(s3) as proxy:
        probe = CapturesProbe(storage=bucket_at(proxy.url), clock=HandClock())
        assert await probe.look()
        proxy.fault = lambda _method, _path: "away"
        assert not await probe.look()
        proxy.fault = lambda _method, _path: None
        probe.within_s = 30.0  # the thread that waits for the one that was away
        await probe.look()
        assert await probe.look()
