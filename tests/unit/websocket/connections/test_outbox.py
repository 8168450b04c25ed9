"""The bounded outbox: coalescing, giving way, overflow (protocol.md, section 7)."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.event import Event
from app.websocket.connections.outbox import Outbox, Overflow
from app.websocket.messages.encoded_event import EncodedEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SUBSCRIPTION = object()


def event(seq, kind="task_warning", task_id="t", body="{}"):
    return EncodedEvent(Event(task_id, seq, 1, kind, body, NOW))


def progress(seq, task_id="t"):
    return event(seq, "task_progress", task_id)


def logs(seq, first, last, task_id="t", padding=0):
    lines = [{"log_seq": n, "message": "x" * padding} for n in range(first, last + 1)]
    return event(seq, "task_logs", task_id, orjson.dumps({"logs": lines}).decode())


def roomy():
    return Outbox(max_bytes=1 << 20, max_frames=1_000)


def drain(outbox):
    found = []
    while outbox:
        found.append(outbox.pop())
    return found


def seqs(outbox):
    return [waiting.event.event.seq for waiting in drain(outbox) if waiting.event]


def test_frames_leave_in_the_order_they_came():
    outbox = roomy()
    for seq in (1, 2, 3):
        outbox.add_event(event(seq), SUBSCRIPTION)
    assert seqs(outbox) == [1, 2, 3]


def test_a_newer_progress_replaces_the_waiting_one_and_goes_to_the_tail():
    outbox = roomy()
    outbox.add_event(progress(1), SUBSCRIPTION)
    outbox.add_event(event(2), SUBSCRIPTION)
    outbox.add_event(progress(3), SUBSCRIPTION)
    assert outbox.coalesced == 1
    assert seqs(outbox) == [2, 3]


def test_progress_of_another_task_stays():
    outbox = roomy()
    outbox.add_event(progress(1, "a"), SUBSCRIPTION)
    outbox.add_event(progress(1, "b"), SUBSCRIPTION)
    assert len(outbox) == 2


def test_above_half_of_the_frames_the_oldest_logs_give_way_to_one_marker_in_their_place():
    outbox = Outbox(max_bytes=1 << 20, max_frames=6)
    outbox.add_event(event(1), SUBSCRIPTION)
    outbox.add_event(logs(2, 1, 3), SUBSCRIPTION)
    outbox.add_event(logs(3, 4, 5), SUBSCRIPTION)
    outbox.add_event(event(4), SUBSCRIPTION)
    frames = drain(outbox)
    assert [frame.event.event.seq if frame.event else "marker" for frame in frames] == [1, "marker", 4]
    assert (frames[1].dropped.from_log_seq, frames[1].dropped.to_log_seq, frames[1].dropped.count) == (1, 5, 5)


def test_above_half_of_the_bytes_logs_give_way_too():
    outbox = Outbox(max_bytes=8_000, max_frames=1_000)
    outbox.add_event(logs(1, 1, 1, padding=3_000), SUBSCRIPTION)
    outbox.add_event(logs(2, 2, 2, padding=3_000), SUBSCRIPTION)
    assert outbox.dropped_frames == 1
    assert outbox.size < 4_000


def test_stages_violations_and_completions_never_give_way_but_overflow():
    outbox = Outbox(max_bytes=1 << 20, max_frames=4)
    for seq in range(1, 5):
        outbox.add_event(event(seq, "violation_detected"), SUBSCRIPTION)
    with pytest.raises(Overflow):
        outbox.add_event(event(5, "task_completed"), SUBSCRIPTION)


def test_replies_count_as_backlog():
    outbox = Outbox(max_bytes=100, max_frames=1_000)
    with pytest.raises(Overflow):
        outbox.add_payload(b"x" * 101)


def test_discarding_a_task_leaves_notices_replies_and_other_tasks():
    outbox = roomy()
    outbox.add_event(event(1, task_id="a"), SUBSCRIPTION)
    outbox.add_event(event(2, task_id="a"))  # a notice
    outbox.add_event(event(1, task_id="b"), SUBSCRIPTION)
    outbox.add_payload(b"reply")
    outbox.discard_task("a")
    assert len(outbox) == 3


operations = st.lists(
    st.tuples(
        st.sampled_from(["progress", "logs", "event", "notice", "payload", "pop", "discard"]),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=200,
)


@given(operations, st.integers(4, 40), st.integers(500, 20_000))
def test_bounds_order_and_accounts_hold_whatever_happens(steps, max_frames, max_bytes):
    outbox = Outbox(max_bytes=max_bytes, max_frames=max_frames)
    log_seq = {"a": 0, "b": 0, "c": 0}
    left = []
    for seq, (kind, task_id) in enumerate(steps, start=1):
        try:
            if kind == "progress":
                outbox.add_event(progress(seq, task_id), SUBSCRIPTION)
            elif kind == "logs":
                log_seq[task_id] += 2
                outbox.add_event(logs(seq, log_seq[task_id] - 1, log_seq[task_id], task_id), SUBSCRIPTION)
            elif kind == "event":
                outbox.add_event(event(seq, task_id=task_id), SUBSCRIPTION)
            elif kind == "notice":
                outbox.add_event(event(seq, task_id=task_id))
            elif kind == "payload":
                outbox.add_payload(b"reply")
            elif kind == "pop" and outbox:
                left.append(outbox.pop())
            elif kind == "discard":
                outbox.discard_task(task_id)
        except Overflow:
            return
        assert len(outbox) <= max_frames
        assert outbox.size <= max_bytes
    left += drain(outbox)
    assert outbox.size == 0
    for task_id in "abc":
        order = [w.event.event.seq for w in left if w.event and w.event.event.task_id == task_id]
        assert order == sorted(order)
