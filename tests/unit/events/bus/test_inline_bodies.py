"""What comes along with a hint is taken for what the log holds only when it looks like that."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from app.events.bus.base import TaskHint
from app.events.bus.inline_bodies import are_sound
from app.events.event import Event
from app.events.types import EVENT_BODIES
from app.events.writer import MAX_INLINE_BYTES

AT = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Event("t", 7, 1, "task_deleted", '{"by":"alice"}', AT)


def hint(*events, seq=7):
    return TaskHint("t", "u", seq, "running", events)


@pytest.mark.parametrize("body", EVENT_BODIES, ids=lambda body: body.type)
def test_every_event_that_the_program_writes_is_sound(body):
    event = Event("t", 7, 1, body.type, body.model_validate(dict(body.example)).encoded, AT)
    assert are_sound(hint(event))


def test_events_in_their_order_up_to_the_hint_are_sound():
    assert are_sound(hint(replace(GOOD, seq=6), GOOD))
    assert are_sound(hint())


@pytest.mark.parametrize(
    "events",
    [
        [replace(GOOD, seq=8)],
        [replace(GOOD, seq=5), GOOD],
        [GOOD, GOOD],
        [replace(GOOD, attempt=0)],
        [replace(GOOD, attempt=2**31)],
        [replace(GOOD, type="task_unheard_of")],
        [replace(GOOD, body="")],
        [replace(GOOD, body="[]")],
        [replace(GOOD, body='{"by":"alice"')],
        [replace(GOOD, body='{"by":NaN}')],
        [replace(GOOD, body='{"by":["alice"]}')],
        [replace(GOOD, body='{"by":"alice","more":1}')],
        [replace(GOOD, body='{"by":"alice"}, "seq": 9, "x": {}')],
        [replace(GOOD, body=' {"by":"alice"}\n')],
        [replace(GOOD, body='{"by":"\ud800"}')],
        [replace(GOOD, body=orjson.dumps({"by": "x" * MAX_INLINE_BYTES}).decode())],
        [replace(GOOD, created_at=AT.replace(tzinfo=None))],
    ],
)
def test_whatever_else_comes_along_is_not(events):
    assert not are_sound(hint(*events))


@pytest.mark.parametrize("seq", [0, -1, 2**31])
def test_a_number_that_no_log_has_is_not(seq):
    assert not are_sound(hint(replace(GOOD, seq=seq), seq=seq))
