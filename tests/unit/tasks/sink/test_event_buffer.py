from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.log_entry import LogEntry
from app.domain.stages import StageKey
from app.events.event import PendingLogs
from app.events.types import TaskProgress, TaskWarning
from app.findings.run_findings import FindingChange
from app.tasks.sink.event_buffer import (
    GROUP_BYTES,
    GROUP_LINES,
    MAX_WAITING,
    TAKE_BYTES,
    TAKE_EVENTS,
    TAKE_ROWS,
    EventBuffer,
)
from app.tasks.sink.line_limit import LineLimit


def line(text: str = "x") -> LogEntry:
    return LogEntry("INFO", "page_crawl", text, datetime.now(UTC))


def make_batch(*, lines_per_s: int = 10_000, max_bytes: int = 1 << 30, watched: bool = True) -> EventBuffer:
    limit = LineLimit(lines_per_s=lines_per_s, max_bytes=max_bytes)
    batch = EventBuffer(limit=limit, omission_line=lambda dropped: line(f"{dropped} left out" if dropped else "full"))
    batch.set_watched(0.0, watched=watched)
    return batch


def progress(percent: int) -> TaskProgress:
    return TaskProgress(
        progress=percent, stage="x", message="x", stage_key=StageKey.PAGE_CRAWL, stage_index=2, stage_progress=0
    )


def warning(text: str) -> TaskWarning:
    return TaskWarning(code="partial", message=text)


def bodies(batch: EventBuffer, now: float) -> list[object]:
    return [entry.event.body for entry in batch.take(now)]


def test_lines_wait_200_ms_for_others():
    batch = make_batch()
    batch.add_line(line("a"), 10.0)
    batch.add_line(line("b"), 10.15)
    assert batch.take(10.1) == []
    assert round(batch.due_in(10.1), 3) == 0.1
    (group,) = bodies(batch, 10.2)
    assert [item.message for item in group.lines] == ["a", "b"]


def test_lines_wait_a_second_while_nobody_watches_and_not_when_somebody_comes():
    batch = make_batch(watched=False)
    batch.add_line(line("a"), 10.0)
    assert batch.take(10.9) == []
    assert len(bodies(batch, 11.0)) == 1
    batch.add_line(line("b"), 20.0)
    batch.set_watched(20.1, watched=True)
    assert round(batch.due_in(20.1), 3) == 0.2
    assert len(bodies(batch, 20.3)) == 1
    batch.set_watched(21.0, watched=False)
    batch.add_line(line("c"), 21.0)
    assert round(batch.due_in(21.0), 3) == 1.0


def test_a_second_with_too_many_lines_leaves_one_line_that_counts_the_rest():
    batch = make_batch(lines_per_s=3)
    for number in range(10):
        batch.add_line(line(str(number)), 0.0)
    assert _messages(bodies(batch, 0.9)) == ["0", "1", "2"]
    assert round(batch.due_in(0.9), 3) == 0.1
    assert _messages(bodies(batch, 1.0) + bodies(batch, 1.2)) == ["7 left out"]
    batch.add_line(line("later"), 1.1)
    assert _messages(bodies(batch, 2.0)) == ["later"]


def test_the_line_that_counts_stands_where_the_others_would_have_stood():
    batch = make_batch(lines_per_s=2)
    for number in range(4):
        batch.add_line(line(str(number)), 0.5 * number)
    assert _messages(bodies(batch, 2.0)) == ["0", "1", "2", "3"]
    for number in range(3):
        batch.add_line(line(f"b{number}"), 3.0)
    batch.add_line(line("c"), 4.1)
    assert _messages(bodies(batch, 5.0)) == ["b0", "b1", "1 left out", "c"]


def test_a_log_that_is_full_says_so_and_counts_to_the_end():
    batch = make_batch(max_bytes=100)
    for number in range(30):
        batch.add_line(line("x" * 20), float(number))
    *kept, full = _messages(bodies(batch, 50.0))
    assert (len(kept), full) == (4, "full")
    assert batch.due_in(50.0) is None
    assert batch.due_in(50.0, everything=True) == 0.0
    rest = [entry.event.body for entry in batch.take(60.0, everything=True)]
    assert _messages(rest) == ["26 left out"]
    assert batch.due_in(60.0, everything=True) is None


def test_a_group_has_at_most_50_lines():
    batch = make_batch()
    for number in range(GROUP_LINES + 1):
        batch.add_line(line(str(number)), 0.0)
    assert [len(group.lines) for group in bodies(batch, 1.0)] == [GROUP_LINES, 1]


def test_a_group_has_at_most_16_kib():
    batch = make_batch()
    for _ in range(3):
        batch.add_line(line("x" * (GROUP_BYTES // 2)), 0.0)
    assert [len(group.lines) for group in bodies(batch, 1.0)] == [1, 1, 1]


def test_what_is_reported_after_lines_stands_after_them():
    batch = make_batch()
    batch.add_line(line("before"), 0.0)
    batch.add(warning("w"))
    batch.add_line(line("after"), 0.0)
    first, second, third = bodies(batch, 0.0)
    assert (first.lines[0].message, second.message, third.lines[0].message) == ("before", "w", "after")


def test_progress_leaves_at_most_once_a_second_and_the_newest_wins():
    batch = make_batch()
    batch.set_progress(progress(1))
    assert [body.progress for body in bodies(batch, 5.0)] == [1]
    batch.set_progress(progress(2))
    batch.set_progress(progress(3))
    assert batch.take(5.9) == []
    assert round(batch.due_in(5.9), 3) == 0.1
    assert [body.progress for body in bodies(batch, 6.0)] == [3]
    assert batch.due_in(6.0) is None


def test_progress_of_a_stage_change_does_not_wait():
    batch = make_batch()
    batch.set_progress(progress(1))
    batch.take(0.0)
    batch.add_progress(progress(2), 0.1)
    assert [body.progress for body in bodies(batch, 0.1)] == [2]
    assert batch.due_in(0.1) is None


def test_a_transaction_takes_a_bounded_number_of_events():
    batch = make_batch()
    for number in range(TAKE_EVENTS + 5):
        batch.add(warning(str(number)))
    assert len(batch.take(0.0)) == TAKE_EVENTS
    assert len(batch.take(0.0)) == 5


def test_what_tells_of_one_change_is_written_as_one():
    """Else the table would hold what no event has told, were the scan cancelled in between."""
    batch, one, other = make_batch(), FindingChange(()), FindingChange(())
    for number in range(TAKE_EVENTS - 1):
        batch.add(warning(str(number)))
    for change in (one, one, one, other):
        batch.add(warning("x"), findings=change)
    assert [entry.findings is one for entry in batch.take(0.0)[-3:]] == [True, True, True]
    assert [entry.findings is other for entry in batch.take(0.0)] == [True]


def test_a_transaction_takes_a_bounded_number_of_bytes_and_rows():
    batch = make_batch()
    for number in range(60):
        batch.add(warning(f"{number}" + "x" * 10_000))
    sizes = [sum(entry.size for entry in batch.take(0.0)) for _ in range(5)]
    assert all(0 < size <= TAKE_BYTES for size in sizes)
    batch = make_batch()
    for number in range(20):
        for _ in range(50):
            batch.add_line(line("y"), 0.0)
        batch.add(warning(f"{number}"))
    while taken := batch.take(0.0):
        assert sum(entry.rows for entry in taken) <= TAKE_ROWS


def test_an_event_that_is_larger_than_a_transaction_may_be_goes_alone():
    batch = make_batch()
    batch.add(warning("x" * 2 * TAKE_BYTES))
    batch.add(warning("small"))
    assert [len(batch.take(0.0)) for _ in range(3)] == [1, 1, 0]


def test_it_is_full_until_something_was_taken():
    batch = make_batch()
    for number in range(MAX_WAITING):
        batch.add(warning(str(number)))
    assert batch.full
    batch.take(0.0)
    assert not batch.full


@given(st.lists(st.sampled_from(["line", "warning", "progress", "take"]), max_size=80))
def test_nothing_but_superseded_progress_is_lost_and_the_order_stands(steps):
    batch, sent, got, now = make_batch(), [], [], 0.0
    for number, step in enumerate(steps):
        now += 0.07
        if step == "line":
            batch.add_line(line(str(number)), now)
            sent.append(str(number))
        elif step == "warning":
            batch.add(warning(str(number)))
            sent.append(str(number))
        elif step == "progress":
            batch.set_progress(progress(1))
        else:
            got += bodies(batch, now)
    while rest := batch.take(now, everything=True):
        got += [entry.event.body for entry in rest]
    assert _messages(got) == sent
    assert batch._bytes == 0
    assert batch.due_in(now) is None


def _messages(found: list[object]) -> list[str]:
    messages: list[str] = []
    for body in found:
        if isinstance(body, PendingLogs):
            messages += [item.message for item in body.lines]
        elif isinstance(body, TaskWarning):
            messages.append(body.message)
    return messages


def test_a_silent_change_is_due_at_once_and_keeps_its_place_among_events():
    batch = make_batch()
    batch.add(warning("a"))
    change = FindingChange((), is_silent=True)
    batch.add_silent(change, done=list)
    batch.add(warning("b"))
    assert [(entry.event is None, entry.findings) for entry in batch.take(0.0)] == [
        (False, None),
        (True, change),
        (False, None),
    ]
    batch.add_silent(change, done=list)
    assert batch.due_in(0.0) == 0.0
    assert len(batch.take(0.0)) == 1


def test_lines_before_and_behind_a_silent_change_stay_in_one_group():
    batch = make_batch()
    batch.add_line(line("a"), 0.0)
    batch.add_silent(FindingChange((), is_silent=True), done=list)
    assert [entry.event for entry in batch.take(0.1)] == [None]
    batch.add_line(line("b"), 0.1)
    assert batch.take(0.1) == []
    assert [_messages([entry.event.body]) for entry in batch.take(1.0)] == [["a", "b"]]
