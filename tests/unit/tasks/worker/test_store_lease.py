import asyncio
import errno
import os

import pytest

from app.core.clock import SystemClock
from app.scanstore.errors import StoreStale, StoreUnavailable
from app.scanstore.scan_folder import ScanFile
from app.tasks.worker import store_lease
from app.tasks.worker.store_lease import StoreLease
from tests.support.clock import FakeClock


@pytest.fixture
def lease(tmp_path):
    lease = StoreLease(ScanFile(tmp_path / "task-1-1.db"), SystemClock())
    yield lease
    lease.close()


def test_only_the_disk_is_the_disks_fault(lease):
    assert lease.is_disk_failure(OSError(errno.EIO, os.strerror(errno.EIO)))
    assert not lease.is_disk_failure(OSError(errno.EPERM, "no"))
    assert lease.is_disk_failure(ExceptionGroup("x", [StoreUnavailable("y"), OSError(errno.ENOSPC, "full")]))
    assert not lease.is_disk_failure(ExceptionGroup("x", [StoreUnavailable("y"), RuntimeError()]))
    assert not lease.is_disk_failure(None)


def test_a_store_that_belongs_to_a_later_attempt_is_told_from_a_disk(lease):
    shut_out = ExceptionGroup("x", [RuntimeError(), ExceptionGroup("y", [StoreStale("z")])])
    assert lease.is_shut_out(shut_out)
    assert not lease.is_disk_failure(shut_out)
    assert not lease.is_shut_out(StoreUnavailable("full"))
    assert not lease.is_shut_out(None)


async def test_a_store_that_is_not_open_counts_nothing_and_closes_without_harm(lease):
    assert lease.counts() is None
    lease.close()
    await lease.open()
    counts = lease.counts()
    assert counts is not None
    assert counts.pages == 0


async def test_a_stop_ends_the_wait_for_a_disk(lease):
    stopped = asyncio.Event()
    stopped.set()
    await lease.open()
    assert not await lease.reopen(stopped)


class ShakyPlace(ScanFile):
    """Refuses as often as it is told to."""

    refusals = 0

    def open(self):
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("cut")
        return super().open()


@pytest.mark.parametrize("refusals", [1, 2])
async def test_an_opening_that_is_cut_is_tried_again(tmp_path, refusals):
    place = ShakyPlace(tmp_path / "task-1-1.db")
    place.refusals = refusals
    lease = StoreLease(place, FakeClock())
    await lease.open()
    assert lease.counts() is not None
    lease.close()


async def test_what_cannot_be_opened_is_left_to_another_soon(tmp_path):
    place = ShakyPlace(tmp_path / "task-1-1.db")
    place.refusals = 3
    with pytest.raises(StoreUnavailable):
        await StoreLease(place, FakeClock()).open()
    assert not place.refusals


async def test_pauses_grow_while_a_store_fails_at_once_and_begin_anew_when_it_worked(tmp_path, monkeypatch):
    paused = []

    async def remember(waiting, pause_s):
        waiting.close()
        paused.append(pause_s)

    monkeypatch.setattr(store_lease.asyncio, "wait_for", remember)
    clock, stopped = FakeClock(), asyncio.Event()
    lease = StoreLease(ScanFile(tmp_path / "task-1-1.db"), clock)
    await lease.open()
    clock.advance(60)
    for worked_s in (0.5, 0.5, 5, 0.5, 0):
        assert await lease.reopen(stopped)
        clock.advance(worked_s)
    lease.close()
    assert paused == [1, 2, 4, 1, 2]
