from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.bus.base import AccessHint, BroadcastHint, FeedHint, TaskHint
from app.events.bus.codec import MAX_BYTES, UnreadableHint, decode, encode
from app.events.event import Event

AT = datetime(2026, 11, 26, 12, 0, 0, 5_000, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBER = st.integers(0, 2**53)
EVENTS = st.lists(st.builds(Event, st.just("t"), NUMBER, NUMBER, TEXT, TEXT, st.just(AT)), max_size=3).map(tuple)
HINTS = (
    st.builds(TaskHint, st.just("t"), TEXT, NUMBER, TEXT, EVENTS, NUMBER, TEXT)
    | st.builds(AccessHint, TEXT, st.none() | TEXT)
    | st.builds(BroadcastHint)
    | st.builds(FeedHint, TEXT)
)


@given(HINTS, TEXT)
def test_what_was_written_is_read(hint, sender):
    assert decode(encode(hint, sender=sender)) == (sender, hint)


@given(st.binary(max_size=200) | st.recursive(st.none() | NUMBER | TEXT, st.lists).map(lambda v: str(v).encode()))
def test_whatever_else_arrives_is_unreadable(message):
    with pytest.raises(UnreadableHint):
        decode(message)


@pytest.mark.parametrize(
    "message",
    [
        b'[1,"s","task","t","u",true,"running",[],1]',
        b'[1,"s","task","t","u",1,"running",[[1,1,"type"]],1]',
        b'[1,"s","task","t","u",1,"running",[[1,1,"type","{}","yesterday"]],1]',
        b'[1,"s","task","t","u",1,"running",[],1,5]',
        b'[1,"s","task","t","u",1,"running",[],1,"trace","more"]',
        b'[1,"s","access",1,null]',
        b'[2,"s","access","u",null]',
        b'[1,"s","other","u",null]',
        b'[1,"s","broadcast","u"]',
        b'[1,"s","feed",1]',
        b'[1,"s","feed","u","more"]',
        b"[" * MAX_BYTES + b" ",
    ],
)
def test_a_hint_with_a_wrong_field_is_unreadable(message):
    with pytest.raises(UnreadableHint):
        decode(message)
