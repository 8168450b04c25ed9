"""Whether the bodies that came along with a hint are such as the log holds.

They go to sockets as they are, and who can write to the bus could have made them. What is not sound is read from
the log instead.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import orjson
from pydantic import ValidationError

from app.events.bus.base import TaskHint
from app.events.event import Event
from app.events.event_body import EventBody
from app.events.types import EVENT_BODIES
from app.events.writer import MAX_INLINE_BYTES

MAX_NUMBER: Final = 2**31 - 1  # of the columns that hold `seq` and `attempt`
_MODELS: Final[Mapping[str, type[EventBody]]] = MappingProxyType({body.type: body for body in EVENT_BODIES})


def are_sound(hint: TaskHint) -> bool:
    """Return whether the events are small, numbered without a gap up to the hint's `seq`, and valid for their types."""
    first = hint.seq - len(hint.events) + 1
    if first < 1 or hint.seq > MAX_NUMBER or sum(len(event.body) for event in hint.events) > MAX_INLINE_BYTES:
        return False
    return all(event.seq == seq and _is_sound(event) for seq, event in enumerate(hint.events, start=first))


def _is_sound(event: Event) -> bool:
    model = _MODELS.get(event.type)
    if model is None or not 1 <= event.attempt <= MAX_NUMBER or event.created_at.tzinfo is None:
        return False
    if not (event.body.startswith("{") and event.body.endswith("}")):
        return False
    try:
        model.model_validate(orjson.loads(event.body))
    except (ValueError, ValidationError):
        return False
    return True
