import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.net.body import MAX_MEMBERS, BodyDecoder, MinimumSpeed, TooSlow, UnknownCoding, read_body

LIMIT = 1_000_000


def decode(chunks, coding="", limit=LIMIT):
    decoder = BodyDecoder(coding=coding, max_bytes=limit)
    for chunk in chunks:
        if not decoder.feed(chunk):
            break
    return decoder


def split(data, sizes):
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [chunk for chunk in (*chunks, data) if chunk]


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.integers(1, 40), max_size=12))
def test_however_it_is_cut_a_gzip_body_of_any_members_comes_out_whole(members, sizes):
    packed = b"".join(gzip.compress(member) for member in members)
    decoder = decode(split(packed, sizes), "gzip")
    assert bytes(decoder.body) == b"".join(members)
    assert not decoder.truncated


@given(st.binary(max_size=2_000), st.lists(st.integers(1, 40), max_size=12), st.sampled_from([15, -15]))
def test_deflate_is_read_in_both_of_its_forms(data, sizes, bits):
    decoder = decode([zlib.compress(data, wbits=bits)], "deflate")
    assert bytes(decoder.body) == data


@given(st.binary(max_size=500), st.integers(0, 600))
def test_a_limit_cuts_exactly_and_says_so(data, limit):
    decoder = decode([data] if data else [], limit=limit)
    assert bytes(decoder.body) == data[:limit]
    assert decoder.truncated is (len(data) > limit)


def test_output_that_fills_its_last_step_is_not_lost():
    data = b"a" * (64 * 1024 * 2 + 100) + bytes(range(256)) * 64
    assert bytes(decode([gzip.compress(data)], "gzip").body) == data


def test_members_without_end_end():
    decoder = decode([gzip.compress(b"x") * (MAX_MEMBERS + 50)], "gzip")
    assert len(decoder.body) <= MAX_MEMBERS


def test_small_pages_may_be_as_repetitive_as_they_like():
    decoder = decode([gzip.compress(b" " * 100_000)], "gzip")
    assert len(decoder.body) == 100_000
    assert not decoder.truncated


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "BR"])
def test_codings_that_were_not_asked_for_are_refused(coding):
    with pytest.raises(UnknownCoding):
        BodyDecoder(coding=coding, max_bytes=1)


class Stream:
    """Gives its chunks, each after the clock moved on."""

    def __init__(self, chunks, seconds_each=0.0):
        self.chunks = list(chunks)
        self.seconds_each = seconds_each
        self.now = 0.0

    def clock(self):
        return self.now

    def read_nowait(self):
        return b""

    def at_eof(self):
        return False

    async def readany(self):
        self.now += self.seconds_each
        return self.chunks.pop(0) if self.chunks else b""


@pytest.mark.parametrize(("size", "slow"), [(10, True), (2_000, False)])
async def test_speed_is_judged_over_windows(size, slow):
    stream = Stream([b"x" * size] * 20, seconds_each=1)
    decoder = BodyDecoder(coding="", max_bytes=LIMIT)
    speed = MinimumSpeed(bytes_per_s=100, window_s=6)
    if slow:
        with pytest.raises(TooSlow, match=r"[67]0 bytes in"):
            await read_body(stream, decoder, speed=speed, clock=stream.clock)
    else:
        await read_body(stream, decoder, speed=speed, clock=stream.clock)
        assert len(decoder.body) == 20 * size


async def test_a_fast_start_does_not_pay_for_a_slow_end():
    stream = Stream([b"x" * 100_000, *[b"x"] * 30], seconds_each=1)
    with pytest.raises(TooSlow):
        await read_body(stream, BodyDecoder(coding="", max_bytes=LIMIT), speed=MinimumSpeed(100, 6), clock=stream.clock)


class ArrivedStream:
    """A body that has come as a whole before anybody asks for it."""

    def __init__(self, data):
        self.data = data

    def read_nowait(self):
        data, self.data = self.data, b""
        return data

    def at_eof(self):
        return not self.data

    async def readany(self):
        pytest.fail("nothing is to be waited for")


async def test_what_has_come_is_taken_without_a_wait():
    decoder = BodyDecoder(coding="", max_bytes=LIMIT)
    await read_body(ArrivedStream(b"all of it"), decoder, speed=MinimumSpeed())
    assert decoder.body == b"all of it"
