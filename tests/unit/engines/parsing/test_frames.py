"""Frames on a socket: whole ones come out, whatever the pieces are in which they come in."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.parsing.frames import HEADER, BrokenChannel, FrameBuffer, Kind, frame, receive

VALUES = st.recursive(st.none() | st.integers(0, 2**31) | st.text(max_size=20), st.lists, max_leaves=8)


@given(st.lists(VALUES, max_size=5), st.integers(1, 30))
def test_frames_come_out_whole_in_their_order(values, size):
    stream = b"".join(frame(Kind.PART, value) for value in values)
    buffer, found = FrameBuffer(), []
    for start in range(0, len(stream), size):
        found += buffer.feed(stream[start : start + size])
    assert found == [(Kind.PART, value) for value in values]


@pytest.mark.parametrize(
    "stream",
    [
        b"\xff" * 32,
        HEADER.pack(Kind.DONE, 2, 5) + b"[]",
        HEADER.pack(Kind.DONE, 2, 0) + b"{]",
        HEADER.pack(99, 2, 0) + b"[]",
        HEADER.pack(Kind.DONE, 2**31, 0),
    ],
)
def test_what_is_no_frame_is_refused(stream):
    with pytest.raises(BrokenChannel):
        FrameBuffer().feed(stream)


def test_a_reader_takes_one_frame_and_leaves_the_next_to_whoever_comes():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(frame(Kind.JOB, ["page", 1.5], b"body") + frame(Kind.JOB, ["next"]))
        assert receive(theirs) == (Kind.JOB, ["page", 1.5], b"body")
        assert receive(theirs) == (Kind.JOB, ["next"], b"")
        ours.close()
        assert receive(theirs) is None
