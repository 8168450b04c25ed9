import hashlib

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
