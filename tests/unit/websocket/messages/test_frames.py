"""Frames leave without what they do not know; a snapshot's nulls are facts and stay."""

import orjson
import pytest
from pydantic import ValidationError

from app.events.types import EVENT_BODIES
from app.websocket.asyncapi.examples import example_of_control
from app.websocket.messages.event_frames import event_frame_models
from app.websocket.messages.frames import CONTROL_FRAMES, Pong, TaskSnapshot

NOW = "2026-01-01T00:00:00.000Z"


def test_what_is_not_known_is_left_out():
    assert orjson.loads(Pong(ping_count=1, server_time=NOW, timestamp=NOW).to_bytes()) == {
        "type": "pong",
        "ping_count": 1,
        "server_time": NOW,
        "timestamp": NOW,
    }


def test_in_a_snapshot_a_stage_that_has_not_started_has_no_time():
    snapshot = TaskSnapshot.model_validate(example_of_control("task_snapshot"))
    sent = orjson.loads(snapshot.to_bytes())
    assert sent["completed_at"] is None
    assert sent["stages"][4]["started_at"] is None
    assert "error" not in sent
    assert "url" in sent["violations"]["recent"][0]


@pytest.mark.parametrize("model", CONTROL_FRAMES, ids=lambda model: model.__name__)
def test_a_frame_takes_no_field_that_is_not_its_own(model):
    example = example_of_control(model.model_fields["type"].default)
    assert model.model_validate(example)
    with pytest.raises(ValidationError):
        model.model_validate({**example, "more": 1})


def test_every_event_has_a_model_with_its_position():
    models = event_frame_models()
    assert set(models) == {body.type for body in EVENT_BODIES}
    assert all({"task_id", "seq", "prev_seq", "attempt", "timestamp"} <= set(m.model_fields) for m in models.values())
