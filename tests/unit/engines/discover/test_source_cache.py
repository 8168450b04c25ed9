import os

import pytest

from app.engines.discover.source_cache import LIFETIME_S, FolderCache


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(tmp_path, clock):
    return FolderCache(tmp_path / "sources", clock=clock)


async def test_an_answer_is_kept_for_a_day_also_an_empty_one(cache, clock):
    await cache.put("otx", "a.test", ["www.a.test"])
    await cache.put("crt.sh", "a.test", [])
    clock.now += LIFETIME_S - 1
    assert await cache.get("otx", "a.test") == ["www.a.test"]
    assert await cache.get("crt.sh", "a.test") == []
    clock.now += 1
    assert await cache.get("otx", "a.test") is None


async def test_each_source_and_domain_has_its_own(cache):
    await cache.put("otx", "a.test", ["www.a.test"])
    assert await cache.get("otx", "b.test") is None
    assert await cache.get("crt.sh", "a.test") is None


async def test_an_answer_from_the_future_is_none(cache, clock):
    await cache.put("otx", "a.test", ["www.a.test"])
    clock.now -= 10
    assert await cache.get("otx", "a.test") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"names": []}', b'{"names": "x", "at": 1700000000}', b'{"names": [1], "at": 1700000000}', b"\xff"],
)
async def test_a_damaged_file_is_no_answer(cache, tmp_path, content):
    await cache.put("otx", "a.test", ["www.a.test"])
    (file,) = (tmp_path / "sources").iterdir()
    file.write_bytes(content)
    assert await cache.get("otx", "a.test") is None


async def test_a_folder_that_cannot_be_written_costs_nothing_but_the_cache(tmp_path, clock):
    (tmp_path / "file").write_bytes(b"")
    cache = FolderCache(tmp_path / "file", clock=clock)
    await cache.put("otx", "a.test", ["www.a.test"])
    assert await cache.get("otx", "a.test") is None


async def test_what_is_old_and_what_is_too_much_goes(tmp_path, clock):
    cache = FolderCache(tmp_path / "sources", clock=clock, max_files=3)
    for number in range(6):
        await cache.put("otx", f"{number}.test", [])
        newest = max((tmp_path / "sources").iterdir(), key=lambda path: path.stat().st_ctime_ns)
        os.utime(newest, (clock.now + number, clock.now + number))
    await cache.put("otx", "last.test", [])
    assert len(list((tmp_path / "sources").iterdir())) == 3
    assert await cache.get("otx", "0.test") is None


async def test_others_cannot_read_it(cache, tmp_path):
    await cache.put("otx", "a.test", ["www.a.test"])
    folder = tmp_path / "sources"
    assert [path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())] == [0, 0]
