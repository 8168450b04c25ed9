from datetime import UTC, datetime

import orjson

from app.events.event import Event, NewEvent
from app.events.types import TaskCreated

BODY = TaskCreated(target_domain="a.example", message="m")


def test_every_new_event_has_an_id_of_its_own():
    assert NewEvent(BODY).event_id != NewEvent(BODY).event_id
    assert NewEvent(BODY, "given").event_id == "given"


def test_a_committed_event_gives_its_body_back():
    event = Event("t1", 1, 1, "task_created", BODY.encoded, datetime(2026, 1, 2, tzinfo=UTC))
    assert event.payload() == orjson.loads(BODY.encoded) == {"target_domain": "a.example", "message": "m"}
