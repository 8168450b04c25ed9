import pytest

from app.events.event_body import EventBody
from app.events.types import EVENT_BODIES


@pytest.mark.parametrize("body", EVENT_BODIES, ids=lambda body: body.type)
def test_a_body_is_serialised_once_and_as_its_fields_say(body):
    event = body(**body.example)
    assert isinstance(event, EventBody)
    assert event.fields == dict(body.example)
    assert event.encoded == event.model_dump_json(exclude_none=True)
    assert event.encoded is event.encoded
