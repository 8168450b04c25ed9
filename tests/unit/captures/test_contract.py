"""What either storage promises, in one suite for both."""

import hashlib
import os
import threading
import time

import pytest
import zstandard

from app.captures.contents import MAX_BYTES, Contents, pack
from app.captures.port import ContentDamaged, ContentMissing


def yesterday():
    return time.time() - 86_400


def test_what_is_put_comes_back_under_its_hash(place):
    for data in (b"", b"page" * 1_000, os.urandom(100_000)):
        digest = Contents(place.storage).put(data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert Contents(place.another()).get(digest) == data


def test_the_same_content_is_stored_once_and_small(place):
    contents = Contents(place.storage)
    digest = contents.put(b"page" * 1_000)
    assert contents.put(b"page" * 1_000) == digest
    assert place.count() == 1
    assert place.storage.renew(digest) == len(place.storage.read(digest)) < 100


def test_what_is_not_there_is_missing_and_cannot_be_renewed(storage):
    assert storage.renew("0" * 64) is None
    assert storage.remove("0" * 64, time.time()) == 0
    with pytest.raises(ContentMissing):
        storage.read("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 64 + "/x"])
def test_what_is_no_hash_is_refused_by_every_call(storage, name):
    calls = [
        lambda: storage.renew(name),
        lambda: storage.read(name),
        lambda: storage.write(name, b""),
        lambda: storage.remove(name, 0.0),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="sha256"):
            call()


@pytest.mark.parametrize("damage", [b"", b"garbage", pack(b"another")])
def test_what_has_another_hash_than_its_name_is_damaged(place, damage):
    contents = Contents(place.storage)
    digest = contents.put(b"one")
    place.overwrite(digest, damage)
    with pytest.raises(ContentDamaged):
        contents.get(digest)


def test_what_would_unpack_to_more_than_any_content_is_damaged(place):
    """Before a byte is unpacked: the header says how much there is."""
    contents = Contents(place.storage)
    digest = contents.put(b"one")
    place.overwrite(digest, zstandard.ZstdCompressor().compress(bytes(MAX_BYTES + 1)))
    with pytest.raises(ContentDamaged):
        contents.get(digest)


def test_what_is_larger_than_any_packed_content_is_not_even_read_whole(place, monkeypatch):
    monkeypatch.setattr("app.captures.folder.MAX_PACKED_BYTES", 1_000)
    monkeypatch.setattr("app.captures.bucket.MAX_PACKED_BYTES", 1_000)
    digest = Contents(place.storage).put(os.urandom(500))
    place.overwrite(digest, os.urandom(1_001))
    with pytest.raises(ContentDamaged):
        place.storage.read(digest)


def test_all_contents_are_listed_with_their_sizes(place):
    contents = Contents(place.storage)
    digests = [contents.put(f"{number}".encode() * 200) for number in range(30)]
    listed = dict(place.storage.list_all())
    assert listed == {digest: len(place.storage.read(digest)) for digest in digests}


def test_old_contents_are_listed_and_removed_and_young_ones_are_neither(place):
    contents, storage = Contents(place.storage), place.storage
    old = {contents.put(b"one"), contents.put(b"two")}
    place.grow_old()
    young = contents.put(b"three")
    assert set(storage.list_old(yesterday())) == old
    assert storage.remove(young, yesterday()) == 0
    assert all(storage.remove(sha256, yesterday()) for sha256 in old)
    assert dict(storage.list_all()).keys() == {young}
    assert storage.remove(min(old), yesterday()) == 0


@pytest.mark.parametrize("again", ["put", "renew"])
def test_what_is_put_again_is_young_again(place, again):
    contents = Contents(place.storage)
    digest = contents.put(b"one")
    place.grow_old()
    other = place.another()
    assert Contents(other).put(b"one") == digest if again == "put" else other.renew(digest)
    assert list(place.storage.list_old(yesterday())) == []
    place.storage.remove(digest, yesterday())
    assert contents.get(digest) == b"one"


def test_many_writers_of_one_content_and_its_readers_never_meet_half_of_it(place):
    data = os.urandom(300_000)
    digest, wrong, done = hashlib.sha256(data).hexdigest(), [], threading.Event()

    def read():
        contents = Contents(place.another())
        while not done.is_set():
            try:
                contents.get(digest)
            except ContentMissing:
                continue
            except ContentDamaged as damage:
                wrong.append(damage)

    def write():
        storage = place.another()
        for _ in range(10):
            storage.write(digest, pack(data))

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert place.count() == 1
