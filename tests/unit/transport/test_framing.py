"""Frames as bytes, both ways."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transport.framing import (
    FrameError,
    FrameReader,
    Opcode,
    close_payload,
    frame,
    read_close,
)

MASK = b"\x01\x02\x03\x04"
LIMIT = 70_000


def masked(opcode, payload, *, fin=True, reserved=0):
    """A frame of a client."""
    whole = frame(opcode, payload)
    head = len(whole) - len(payload)
    first = (0x80 if fin else 0) | reserved | opcode
    body = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return bytes((first, whole[1] | 0x80)) + whole[2:head] + MASK + body


def feed(reader, data):
    """What is whole after these bytes."""
    reader.feed(data)
    return [message for message in iter(reader.read, None) if message[0] is not Opcode.CONTINUATION]


def read(data, *, limit=LIMIT):
    return feed(FrameReader(limit), data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_messages_of_every_width_of_length(size):
    payload = os.urandom(size)
    assert read(masked(Opcode.BINARY, payload)) == [(Opcode.BINARY, payload)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.data())
def test_it_does_not_matter_how_the_bytes_are_cut(parts, data):
    stream = b"".join(
        masked(Opcode.TEXT if index == 0 else Opcode.CONTINUATION, part, fin=index == len(parts) - 1)
        + masked(Opcode.PING, b"between")
        for index, part in enumerate(parts)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = FrameReader(LIMIT)
    found = [
        message
        for start, end in itertools.pairwise([0, *cuts, len(stream)])
        for message in feed(reader, stream[start:end])
    ]
    assert [payload for opcode, payload in found if opcode is Opcode.TEXT] == [b"".join(parts)]
    assert [opcode for opcode, _ in found].count(Opcode.PING) == len(parts)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(Opcode.TEXT, b"not masked"), 1002),
        (masked(Opcode.TEXT, b"", reserved=0x40), 1002),
        (masked(3, b""), 1002),
        (masked(11, b""), 1002),
        (masked(Opcode.PING, b"", fin=False), 1002),
        (masked(Opcode.PING, b"x" * 126), 1002),
        (masked(Opcode.CONTINUATION, b""), 1002),
        (masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.TEXT, b"b"), 1002),
        (masked(Opcode.TEXT, b"x" * 101), 1009),
        (masked(Opcode.TEXT, b"x" * 60, fin=False) + masked(Opcode.CONTINUATION, b"x" * 60), 1009),
        (b"\x81\xff" + b"\xff" * 8, 1009),  # 2**64 - 1 bytes are announced
    ],
)
def test_what_breaks_the_protocol(data, code):
    with pytest.raises(FrameError) as broken:
        read(data, limit=100)
    assert broken.value.code == code


def test_what_came_before_the_break_was_heard():
    reader = FrameReader(LIMIT)
    reader.feed(masked(Opcode.TEXT, b"good") + frame(Opcode.TEXT, b"bad"))
    assert reader.read() == (Opcode.TEXT, b"good")
    with pytest.raises(FrameError):
        reader.read()


def test_what_was_not_read_is_kept_before_what_comes():
    reader = FrameReader(LIMIT)
    reader.feed(masked(Opcode.TEXT, b"one") + masked(Opcode.TEXT, b"two") + masked(Opcode.TEXT, b"three")[:4])
    assert reader.read() == (Opcode.TEXT, b"one")
    reader.feed(masked(Opcode.TEXT, b"three")[4:])
    assert [reader.read() for _ in range(3)] == [(Opcode.TEXT, b"two"), (Opcode.TEXT, b"three"), None]


def test_empty_pieces_do_not_come_without_end():
    with pytest.raises(FrameError) as broken:
        read(masked(Opcode.TEXT, b"", fin=False) + masked(Opcode.CONTINUATION, b"", fin=False) * LIMIT)
    assert broken.value.code == 1009


def test_a_big_message_is_refused_before_it_has_come():
    with pytest.raises(FrameError) as broken:
        read(masked(Opcode.TEXT, b"x" * 1_000)[:8], limit=100)
    assert broken.value.code == 1009


@pytest.mark.parametrize(
    ("payload", "expected"),
    [(b"", (1005, "")), (b"\x03\xe8", (1000, "")), (close_payload(4001, "expired"), (4001, "expired"))],
)
def test_close_frames(payload, expected):
    assert read_close(payload) == expected


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x03", 1002), (b"\x03\xed", 1002), (b"\x00\x00", 1002), (b"\x13\x88", 1002), (b"\x03\xe8\xff", 1007)],
)
def test_close_frames_that_must_not_be(payload, code):
    with pytest.raises(FrameError) as broken:
        read_close(payload)
    assert broken.value.code == code


def test_a_long_reason_is_cut_between_two_characters():
    payload = close_payload(1011, "域" * 60)
    assert len(payload) <= 125
    assert read_close(payload) == (1011, "域" * 41)
