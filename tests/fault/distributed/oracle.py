"""What holds after every fault (issue "Fault suite"): of the log, of each client's story, of what is left."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.fault.distributed.watcher import Watcher

TERMINAL = ("completed", "failed", "cancelled")
# A violation without its finding is not there for the reader.
VIOLATIONS = """
SELECT violations.*, findings.risk_level FROM violations
JOIN findings USING (task_id, run, domain, cause) WHERE task_id = %s
"""


@dataclass(frozen=True)
class Story:
    """A task as the database has it at the end."""

    row: dict[str, Any]
    events: list[dict[str, Any]]  # by seq
    violations: list[dict[str, Any]]

    @property
    def findings(self) -> set[tuple[Any, ...]]:
        """What two scans of the same site have in common."""
        names = ("domain", "violation_key", "risk_level", "confidence_score", "needs_review", "url", "found_on")
        return {tuple(found[name] for name in names) for found in self.violations if found["run"] == self.row["run"]}


def read_story(connection: psycopg.Connection[Any], task: str) -> Story:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute("SELECT * FROM scan_tasks WHERE id = %s", (task,)).fetchone()
        assert row is not None
        query = "SELECT seq, attempt, type, body, created_at FROM task_events WHERE task_id = %s ORDER BY seq"
        events = [{**event, "body": json.loads(event["body"])} for event in cursor.execute(query, (task,))]
        violations = cursor.execute(VIOLATIONS, (task,)).fetchall()
    return Story(row, events, violations)


def judge(story: Story, watchers: Sequence[Watcher], told_anew: Collection[Watcher] = ()) -> Iterator[str]:
    """A sentence for everything that is wrong. `told_anew`: clients that were given a second snapshot, because nothing
    was left in the log of what came after their positions.
    """
    yield from _of_log(story)
    yield from _of_attempts(story)
    yield from _of_violations(story)
    for number, watcher in enumerate(watchers):
        for fault in _of_watcher(story, watcher, snapshots=2 if watcher in told_anew else 1):
            yield f"client {number}: {fault}"


def _of_log(story: Story) -> Iterator[str]:
    row, kept = story.row, [event["seq"] for event in story.events if event["seq"] >= story.row["min_seq"]]
    if not (kept == list(range(row["min_seq"], row["last_seq"] + 1)) and story.events[-1]["seq"] == row["last_seq"]):
        yield f"{len(kept)} events from {row['min_seq']} on are {kept}, and last_seq is {row['last_seq']}"
    if row["status"] not in TERMINAL or row["worker_id"] is not None:
        yield f"it is {row['status']}, and belongs to {row['worker_id']}"
    if story.events[-1]["type"] != "task_completed":
        yield f"its last event is {story.events[-1]['type']}"
    reached = _progress_of_last_run(story.events)
    if reached != sorted(reached) or (reached and reached[-1] != row["progress"]):
        yield f"its progress was {reached}, and the row says {row['progress']}"


def _of_attempts(story: Story) -> Iterator[str]:
    """Each ends once: by a completion, or lost with its worker; and it says nothing once the next one has begun."""
    attempts = [event["attempt"] for event in story.events]
    if attempts != sorted(attempts):
        yield f"an attempt wrote after the next had begun: {attempts}"
    completed = Counter(event["attempt"] for event in story.events if event["type"] == "task_completed")
    retrying = {event["attempt"]: event for event in story.events if event["type"] == "task_retrying"}
    for attempt in range(1, story.row["attempt"] + 1):
        followed = retrying.get(attempt)
        is_lost = followed is not None and followed["body"].get("reason") == "worker_lost"
        if completed[attempt] != (not is_lost) or (followed is None) != (attempt == story.row["attempt"]):
            yield f"attempt {attempt} was completed {completed[attempt]} times, and then {followed}"


def _progress_of_last_run(events: list[dict[str, Any]]) -> list[int]:
    """Since a user last began it anew."""
    found: list[int] = []
    for event in events:
        if event["type"] == "task_retrying" and event["body"].get("reason") != "worker_lost":
            found.clear()
        elif event["type"] == "task_progress":
            found.append(event["body"]["progress"])
    return found


def _of_violations(story: Story) -> Iterator[str]:
    kept = Counter((found["run"], found["domain"], found["violation_key"]) for found in story.violations)
    if twice := [found for found, times in kept.items() if times > 1]:
        yield f"kept twice: {twice}"
    said = Counter(e["body"]["violation_id"] for e in story.events if e["type"] == "violation_detected")
    if said != Counter(found["id"] for found in story.violations):
        yield f"{len(story.violations)} violations are kept, and {said.total()} were said"


def _of_watcher(story: Story, watcher: Watcher, *, snapshots: int) -> Iterator[str]:
    told = watcher.subscriber
    if told.gaps or told.duplicates:
        yield f"{told.gaps} gaps, {told.duplicates} doubled"
    if len(told.snapshots) != snapshots:
        yield f"it was given {len(told.snapshots)} snapshots"
    if list(told.events) != sorted(told.events):
        yield "its events are not in order"
    if watcher.last != story.row["last_seq"]:
        yield f"it stands at {watcher.last}, and the log ends at {story.row['last_seq']}"
    if missing := lost(story, watcher):
        yield f"it was not told {missing}"
    types = {event["seq"]: event["type"] for event in story.events}
    kept = [(seq, frame) for seq, frame in told.events.items() if seq >= story.row["min_seq"] or seq in types]
    if others := [seq for seq, frame in kept if types.get(seq) != frame["type"]]:
        yield f"it was told of {others}, which the log has not, or has otherwise"


def lost(story: Story, watcher: Watcher) -> list[tuple[int, str]]:
    """(seq, type) of what a client was not told; progress that a later one has overtaken may be left out."""
    last_progress = max((event["seq"] for event in story.events if event["type"] == "task_progress"), default=0)
    return [
        (event["seq"], event["type"])
        for event in story.events
        if event["seq"] not in watcher.subscriber.events
        if not any(above < event["seq"] <= upto for above, upto in watcher.covered)
        if event["type"] != "task_progress" or event["seq"] == last_progress
    ]


def latest_s(story: Story, watchers: Sequence[Watcher]) -> float:
    """The longest time from the making of an event until a client had it."""
    made = {event["seq"]: event["created_at"].timestamp() for event in story.events}
    told = [(seq, at) for watcher in watchers for seq, at in watcher.told_at.items()]
    return max((at - made[seq] for seq, at in told if seq in made), default=0.0)  # what was pruned has no time any more
