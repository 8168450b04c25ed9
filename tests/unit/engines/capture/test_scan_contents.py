"""What one scan keeps: off the loop, within its quota, and while the storage is away."""

import asyncio
import errno
import hashlib
import os
import threading
import time

import pytest

from app.captures.folder import FolderStorage
from app.captures.outage import PATIENCE_S, PROBE_EVERY_S
from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.engines.capture import scan_contents as module
from app.engines.capture.scan_contents import RENEW_AFTER_S, ScanContents
from tests.support.contents import contents_in


class FakeTime:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Quota:
    def __init__(self, size):
        self.left, self.resumed, self.refusal = size, 0, None

    def take(self, size):
        if self.refusal is None and size > self.left:
            self.refusal = "scan"
        if self.refusal is not None:
            return False
        self.left -= size
        return True

    def give_back(self, size):
        self.left += size

    def resume(self, size):
        self.resumed += size


class Moody(FolderStorage):
    """Answers, unless it is away: always, or for the next so many calls of these names."""

    def __init__(self, root):
        super().__init__(root)
        self.away, self.failing, self.asked = False, [], 0
        self.threads = set()

    def _ask(self, name):
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        if self.away or (self.failing and self.failing[0] == name and self.failing.pop(0)):
            raise ContentsUnavailable("connection refused")

    def renew(self, sha256):
        self._ask("renew")
        return super().renew(sha256)

    def write(self, sha256, packed):
        self._ask("write")
        super().write(sha256, packed)

    def read(self, sha256):
        self._ask("read")
        return super().read(sha256)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "content"


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture
def storage(folder):
    return Moody(folder)


@pytest.fixture
def scan_with(storage, clock):
    opened = []

    def make(quota=None):
        opened.append(ScanContents(storage, quota, monotonic=clock.monotonic, sleep=clock.sleep))
        return opened[-1]

    yield make
    for contents in opened:
        contents.close()


async def test_what_is_put_can_be_read_and_is_kept_for_others(scan_with, folder):
    contents = scan_with()
    digest = await contents.put(b"page")
    assert digest == hashlib.sha256(b"page").hexdigest()
    assert contents.is_kept(digest)
    assert await contents.get(digest) == contents_in(folder).get(digest) == b"page"


async def test_the_storage_is_never_asked_by_the_event_loop(scan_with, storage):
    contents = scan_with()
    digest = await contents.put(b"page")
    await contents.get(digest)
    await contents.resume([hashlib.sha256(b"other").hexdigest()])
    assert storage.threads
    assert all(name.startswith("captures") for name in storage.threads)


async def test_what_is_lost_or_damaged_is_said_at_once(scan_with, folder, clock):
    contents = scan_with()
    with pytest.raises(ContentMissing):
        await contents.get("0" * 64)
    digest = await contents.put(b"page")
    next(folder.rglob("*.zst")).write_bytes(b"garbage")
    with pytest.raises(ContentDamaged):
        await contents.get(digest)
    assert clock.slept == []


async def test_what_there_is_no_room_for_is_not_kept_but_can_be_judged(scan_with, folder):
    contents = scan_with(Quota(100))
    kept, unkept = await contents.put(b"a" * 500), await contents.put(os.urandom(500))
    assert (contents.is_kept(kept), contents.is_kept(unkept)) == (True, False)
    assert len(await contents.get(unkept)) == 500
    assert [path.name for path in folder.rglob("*.zst")] == [f"{kept}.zst"]
    assert contents.problems == ["captures_full_scan"]
    assert contents.lost == 0
    with pytest.raises(ContentMissing):
        contents_in(folder).get(unkept)


async def test_of_what_is_not_kept_only_so_much_is_remembered(scan_with, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNKEPT_BYTES", 1_000)
    contents = scan_with(Quota(0))
    first, second = await contents.put(b"a" * 600), await contents.put(b"b" * 600)
    assert await contents.get(second) == b"b" * 600
    with pytest.raises(ContentMissing):
        await contents.get(first)


async def test_the_same_content_counts_once_and_also_when_another_scan_had_it(scan_with, folder):
    contents_in(folder).put(b"page" * 100)
    quota = Quota(1_000)
    contents = scan_with(quota)
    await contents.put(b"page" * 100)
    left = quota.left
    assert left < 1_000
    await contents.put(b"page" * 100)
    await asyncio.gather(*(contents.put(b"page" * 100) for _ in range(5)))
    assert quota.left == left


async def test_a_content_that_many_captures_have_at_the_same_time_counts_once(scan_with, folder):
    quota = Quota(10_000)
    contents = scan_with(quota)
    await asyncio.gather(*(contents.put(b"page" * 100) for _ in range(8)))
    (file,) = folder.rglob("*.zst")
    assert quota.left == 10_000 - file.stat().st_size


async def test_what_an_earlier_attempt_kept_counts(scan_with, folder):
    digest = contents_in(folder).put(b"page" * 100)
    quota = Quota(1_000)
    contents = scan_with(quota)
    await contents.resume([digest, "", digest, "0" * 64, "no hash"])
    assert quota.resumed == next(folder.rglob("*.zst")).stat().st_size
    await contents.put(b"page" * 100)
    assert quota.left == 1_000


async def test_what_a_long_scan_meets_again_is_made_young_before_it_is_old(scan_with, folder, clock):
    quota = Quota(1_000)
    contents = scan_with(quota)
    await contents.put(b"page")
    (file,) = folder.rglob("*.zst")
    then, left = time.time() - 80_000, quota.left
    os.utime(file, (then, then))
    clock.now += RENEW_AFTER_S - 1
    await contents.put(b"page")
    assert file.stat().st_mtime == pytest.approx(then, abs=1)
    clock.now += 2
    await contents.put(b"page")
    assert file.stat().st_mtime > then + 70_000
    assert quota.left == left
    file.unlink()
    clock.now += RENEW_AFTER_S
    await contents.put(b"page")
    assert file.exists()
    assert quota.left == left


# While the storage is away


async def test_a_storage_that_comes_back_is_waited_for_and_nothing_is_lost(scan_with, storage, folder, clock):
    storage.failing = ["renew", "renew", "write", "write", "read"]
    contents = scan_with()
    digest = await contents.put(b"page")
    assert await contents.get(digest) == contents_in(folder).get(digest) == b"page"
    assert len(clock.slept) == 5
    assert (contents.problems, contents.lost) == ([], 0)


async def test_pauses_grow(scan_with, storage, clock):
    storage.failing = ["renew"] * 4
    await scan_with().put(b"page")
    assert [round(pause, 3) for pause in clock.slept] == sorted(round(pause, 3) for pause in clock.slept)
    assert 0.25 <= clock.slept[0] <= 0.5


async def test_one_that_stays_away_is_given_up_and_what_was_put_can_be_judged(scan_with, storage, clock):
    storage.away, quota = True, Quota(1_000)
    contents = scan_with(quota)
    digest = await contents.put(b"page")
    assert PATIENCE_S <= clock.now < PATIENCE_S + 10
    assert not contents.is_kept(digest)
    assert await contents.get(digest) == b"page"
    assert (contents.problems, contents.lost, quota.left) == (["captures_away"], 1, 1_000)


async def test_once_given_up_nobody_waits_and_one_asks_now_and_then(scan_with, storage, folder, clock):
    storage.away = True
    contents = scan_with()
    await contents.put(b"first")
    gave_up_at, asked = clock.now, storage.asked
    digests = [await contents.put(f"{number}".encode()) for number in range(20)]
    with pytest.raises(ContentsUnavailable):
        await contents.get("0" * 64)
    assert (clock.now, storage.asked) == (gave_up_at, asked)
    clock.now += PROBE_EVERY_S
    await contents.put(b"probe")
    await contents.put(b"none")
    assert storage.asked == asked + 1
    storage.away = False
    clock.now += PROBE_EVERY_S
    back = await contents.put(b"back")
    assert contents.is_kept(back)
    again = await contents.put(b"0")  # what was lost is kept when it is met again
    assert again == digests[0]
    assert contents_in(folder).get(again) == b"0"
    assert contents.lost == 22
    assert contents.problems == ["captures_away"]  # it stays said


async def test_all_wait_for_the_same_outage_and_not_one_after_the_other(scan_with, storage, clock):
    storage.away = True
    contents = scan_with()
    await asyncio.gather(*(contents.put(f"{number}".encode()) for number in range(8)))
    assert contents.lost == 8
    assert clock.now < 3 * PATIENCE_S  # the fake clock adds up the pauses of all eight


async def test_what_could_not_be_written_is_given_back_to_the_quota(scan_with, storage, folder):
    quota = Quota(1_000)
    contents = scan_with(quota)
    write = storage.write

    def refuse(sha256, packed):
        raise ContentsUnavailable("no")

    storage.write = refuse
    digest = await contents.put(b"page")
    assert (quota.left, contents.lost) == (1_000, 1)
    storage.write = write
    assert await contents.get(digest) == b"page"


async def test_a_disk_that_is_full_is_no_outage(scan_with, storage, clock):
    """The scan's owner reopens its store then, and the scan goes on from its checkpoint."""
    quota = Quota(1_000)
    contents = scan_with(quota)

    def refuse(sha256, packed):
        raise OSError(errno.ENOSPC, "No space left on device")

    storage.write = refuse
    with pytest.raises(OSError, match="No space") as failure:
        await contents.put(b"page")
    assert failure.value.errno == errno.ENOSPC
    assert (clock.slept, quota.left) == ([], 1_000)


async def test_a_resumed_scan_counts_what_it_can_while_the_storage_is_away(scan_with, storage, folder):
    digest = contents_in(folder).put(b"page")
    storage.away, quota = True, Quota(1_000)
    contents = scan_with(quota)
    await contents.resume([digest])
    assert quota.resumed == 0
    assert contents.problems == ["captures_away"]
