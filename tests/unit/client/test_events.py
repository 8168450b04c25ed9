from app.client.events import Event

FRAME = {"type": "task_progress", "task_id": "t1", "seq": 7, "attempt": 2, "timestamp": "2026-01-02T03:04:05.000Z"}


def test_an_event_is_its_frame_with_the_position_beside_it():
    event = Event.of(FRAME, "e1")
    assert (event.type, event.task_id, event.seq, event.attempt, event.epoch) == ("task_progress", "t1", 7, 2, "e1")
    assert event.timestamp == FRAME["timestamp"]
    assert event.data is FRAME


def test_what_has_no_number_has_no_position():
    event = Event.of({"type": "logs_dropped", "task_id": "t1", "count": 3})
    assert (event.seq, event.attempt, event.timestamp, event.epoch) == (None, None, "", None)
