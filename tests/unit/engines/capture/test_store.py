import hashlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.capture.store import ContentDamaged, ContentMissing, ContentStore


@pytest.fixture
def store(tmp_path):
    return ContentStore(tmp_path / "content")


@given(data=st.binary(max_size=5_000))
def test_what_is_put_comes_back_under_its_hash(tmp_path_factory, data):
    store = ContentStore(tmp_path_factory.mktemp("store"))
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.get(digest) == data


def test_the_same_content_is_stored_once(store, tmp_path):
    assert store.put(b"page" * 1000) == store.put(b"page" * 1000)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].stat().st_size < 100
    assert files[0].parent.name == files[0].name[:2]


def test_what_is_not_there_is_missing(store):
    with pytest.raises(ContentMissing):
        store.get("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_hash_is_refused(store, name):
    with pytest.raises(ValueError, match="sha256"):
        store.get(name)


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_damage_is_noticed(store, tmp_path, damage):
    digest, other = store.put(b"one"), store.put(b"two")
    one, two = (next(tmp_path.rglob(f"{name}.zst")) for name in (digest, other))
    one.write_bytes(two.read_bytes() if damage is None else damage)
    with pytest.raises(ContentDamaged):
        store.get(digest)


def test_a_failed_write_leaves_nothing_behind(store, tmp_path):
    digest = hashlib.sha256(b"x").hexdigest()
    (tmp_path / "content" / digest[:2]).mkdir(parents=True)
    (tmp_path / "content" / digest[:2] / f"{digest}.zst").symlink_to("/nonexistent/target")
    store.put(b"x")
    assert store.get(digest) == b"x"
    assert not list(tmp_path.rglob(".new-*"))


def age(tmp_path, days=2):
    """Makes all files so old."""
    then = time.time() - days * 86_400
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def yesterday():
    return time.time() - 86_400


def test_old_contents_are_listed_and_removed_and_young_ones_are_neither(store, tmp_path):
    old = {store.put(b"one"), store.put(b"two")}
    age(tmp_path)
    young = store.put(b"three")
    assert set(store.list_old(yesterday())) == old
    assert store.remove(young, yesterday()) == 0
    assert all(store.remove(sha256, yesterday()) for sha256 in old)
    assert [path.name for path in tmp_path.rglob("*.zst")] == [f"{young}.zst"]
    assert store.remove(min(old), yesterday()) == 0


def test_what_is_stored_again_is_young_again(store, tmp_path):
    digest = store.put(b"one")
    age(tmp_path)
    ContentStore(tmp_path / "content").put(b"one")
    assert list(store.list_old(yesterday())) == []
    assert store.remove(digest, yesterday()) == 0
    assert store.get(digest) == b"one"


def test_whoever_stores_a_content_while_it_is_removed_has_it_afterwards(store, tmp_path, monkeypatch):
    """Both halves of the race: it is stored before, or after, it was put aside."""
    other = ContentStore(tmp_path / "content")
    digest = store.put(b"one")
    age(tmp_path)
    rename = type(tmp_path).rename

    def store_first(path, target):
        monkeypatch.undo()
        other.put(b"one")
        return rename(path, target)

    monkeypatch.setattr(type(tmp_path), "rename", store_first)
    assert store.remove(digest, yesterday()) == 0
    assert other.get(digest) == b"one"

    def store_second(path, target):
        monkeypatch.undo()
        moved = rename(path, target)
        ContentStore(tmp_path / "content").put(b"one")
        return moved

    age(tmp_path)
    monkeypatch.setattr(type(tmp_path), "rename", store_second)
    store.remove(digest, yesterday())
    assert store.get(digest) == b"one"


def test_what_killed_processes_left_is_tidied_up(store, tmp_path):
    digest = store.put(b"one")
    folder = tmp_path / "content" / digest[:2]
    (folder / f"{digest}.zst").rename(folder / f".gone-{digest}.zst")
    (folder / ".new-abc").write_bytes(b"half")
    age(tmp_path)
    assert list(store.list_old(yesterday())) == []
    assert [path.name for path in folder.iterdir()] == [f"{digest}.zst"]


class SmallRoom:
    refusal = None

    def __init__(self, size):
        self.left = size
        self.resumed = 0

    def take(self, size):
        self.left -= size
        if self.left < 0:
            self.refusal = "scan"
        return self.refusal is None

    def resume(self, size):
        self.resumed += size


def test_what_there_is_no_room_for_is_not_kept_but_can_be_judged(tmp_path):
    store = ContentStore(tmp_path / "content", SmallRoom(100))
    kept, unkept = store.put(b"a" * 500), store.put(os.urandom(500))
    assert len(store.get(unkept)) == 500
    assert [path.name for path in tmp_path.rglob("*.zst")] == [f"{kept}.zst"]
    with pytest.raises(ContentMissing):
        ContentStore(tmp_path / "content").get(unkept)


def test_of_what_is_not_kept_only_so_much_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr("app.engines.capture.store.MAX_UNKEPT_BYTES", 1_000)
    store = ContentStore(tmp_path / "content", SmallRoom(0))
    first, second = store.put(b"a" * 600), store.put(b"b" * 600)
    assert store.get(second) == b"b" * 600
    with pytest.raises(ContentMissing):
        store.get(first)


def test_the_same_content_counts_once_and_also_when_another_scan_had_it(tmp_path):
    ContentStore(tmp_path / "content").put(b"page" * 100)
    store = ContentStore(tmp_path / "content", SmallRoom(1_000))
    store.put(b"page" * 100)
    left = store.room.left
    assert left < 1_000
    store.put(b"page" * 100)
    assert store.room.left == left


def test_what_an_earlier_attempt_kept_counts(tmp_path):
    digest = ContentStore(tmp_path / "content").put(b"page" * 100)
    store = ContentStore(tmp_path / "content", SmallRoom(1_000))
    store.resume([digest, "", digest, "0" * 64])
    size = next(tmp_path.rglob("*.zst")).stat().st_size
    assert store.room.resumed == size
    store.put(b"page" * 100)
    assert store.room.left == 1_000
