"""What only a folder does: names of files, and races that are won by renaming."""

import hashlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.captures.port import ContentDamaged
from tests.support.contents import contents_in


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "content"


@pytest.fixture
def contents(folder):
    return contents_in(folder)


def storage_of(contents):
    return contents._storage


def age(folder, days=2):
    """Makes all files so old."""
    then = time.time() - days * 86_400
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def yesterday():
    return time.time() - 86_400


@given(data=st.binary(max_size=5_000))
def test_whatever_is_put_comes_back(tmp_path_factory, data):
    contents = contents_in(tmp_path_factory.mktemp("store"))
    assert contents.get(contents.put(data)) == data


def test_files_lie_where_earlier_versions_put_them(folder, contents):
    digest = contents.put(b"one")
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.zst")] == [f"{digest[:2]}/{digest}.zst"]


def test_a_folder_in_the_place_of_a_content_is_damage(folder, contents):
    digest = contents.put(b"one")
    (file,) = folder.rglob(f"{digest}.zst")
    file.unlink()
    file.mkdir()
    with pytest.raises(ContentDamaged):
        contents.get(digest)


def test_a_failed_write_leaves_nothing_behind(folder, contents):
    digest = hashlib.sha256(b"x").hexdigest()
    (folder / digest[:2]).mkdir(parents=True)
    (folder / digest[:2] / f"{digest}.zst").symlink_to("/nonexistent/target")
    contents.put(b"x")
    assert contents.get(digest) == b"x"
    assert not list(folder.rglob(".new-*"))


def test_whoever_stores_a_content_while_it_is_removed_has_it_afterwards(folder, contents, monkeypatch):
    """Both halves of the race: it is stored before, or after, it was put aside."""
    storage, other = storage_of(contents), contents_in(folder)
    digest = contents.put(b"one")
    age(folder)
    rename = type(folder).rename

    def store_first(path, target):
        monkeypatch.undo()
        other.put(b"one")
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", store_first)
    assert storage.remove(digest, yesterday()) == 0
    assert other.get(digest) == b"one"

    def store_second(path, target):
        monkeypatch.undo()
        moved = rename(path, target)
        contents_in(folder).put(b"one")
        return moved

    age(folder)
    monkeypatch.setattr(type(folder), "rename", store_second)
    storage.remove(digest, yesterday())
    assert contents.get(digest) == b"one"


def test_what_killed_processes_left_is_tidied_up(folder, contents):
    digest = contents.put(b"one")
    place = folder / digest[:2]
    (place / f"{digest}.zst").rename(place / f".gone-{digest}.zst")
    (place / ".new-abc").write_bytes(b"half")
    age(folder)
    assert list(storage_of(contents).list_old(yesterday())) == []
    assert [path.name for path in place.iterdir()] == [f"{digest}.zst"]
    (place / ".new-abc").write_bytes(b"half")
    assert [name for name, _ in storage_of(contents).list_all()] == [digest]
