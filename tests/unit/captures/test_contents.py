"""Contents by their hash, packed, and proven to be what was put."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from app.captures.contents import MAX_BYTES, Contents, digest_of, pack, unpack
from app.captures.port import ContentDamaged, ContentsUnavailable


class Recording:
    def __init__(self, there):
        self.there, self.written = there, []

    def renew(self, sha256):
        if isinstance(self.there, Exception):
            raise self.there
        return self.there

    def write(self, sha256, packed):
        self.written.append(sha256)


def test_only_what_is_not_there_is_written():
    new, known = Recording(None), Recording(7)
    assert Contents(new).put(b"page") == Contents(known).put(b"page") == digest_of(b"page")
    assert (new.written, known.written) == ([digest_of(b"page")], [])


def test_while_nobody_knows_whether_it_is_there_nothing_is_written():
    storage = Recording(ContentsUnavailable("away"))
    with pytest.raises(ContentsUnavailable):
        Contents(storage).put(b"page")
    assert storage.written == []


@given(data=st.binary(max_size=5_000))
def test_what_was_packed_comes_back(data):
    assert unpack(digest_of(data), pack(data)) == data


@given(data=st.binary(max_size=500), place=st.integers(min_value=0), bits=st.integers(1, 255))
def test_one_byte_that_is_different_is_never_another_content(data, place, bits):
    """Where the frame itself says nothing (its spare bits), the content is the same, or it is damage."""
    packed = bytearray(pack(data))
    packed[place % len(packed)] ^= bits
    try:
        assert unpack(digest_of(data), bytes(packed)) == data
    except ContentDamaged:
        return


def test_what_would_unpack_to_more_than_any_content_is_damaged():
    packed = zstandard.ZstdCompressor().compress(bytes(MAX_BYTES + 1))
    with pytest.raises(ContentDamaged):
        unpack("0" * 64, packed)


def test_a_frame_that_hides_how_large_it_is_is_unpacked_within_the_limit():
    compressor = zstandard.ZstdCompressor(write_content_size=False)
    packed = compressor.compress(bytes(MAX_BYTES + 1))
    with pytest.raises(ContentDamaged):
        unpack("0" * 64, packed)
