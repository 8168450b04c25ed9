"""What must hold at the end of chaos.py: of the log, of every client's story, of what is left on the machine."""

import fcntl
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from chaos_backend import Backend
from chaos_watchers import Told, Watcher

from app.scanstore.lock import lock_holder

TERMINAL = ("completed", "failed", "cancelled")


def judge(backend: Backend, watchers: Sequence[Watcher], statuses: Counter[int]) -> Iterator[str]:
    """A sentence for everything that is wrong. After the server has ended."""
    yield from _left_over(backend)
    yield from _logged(backend.log)
    if statuses[500]:
        yield f"{statuses[500]} answers of REST had status 500"
    with closing(sqlite3.connect(backend.data_dir / "compliance.db")) as database:
        database.row_factory = sqlite3.Row
        (checked,) = database.execute("PRAGMA integrity_check").fetchone()
        if checked != "ok":
            yield f"the database is damaged: {checked}"
        tasks = {row["id"]: row for row in database.execute("SELECT * FROM scan_tasks")}
        logs = {task_id: _read_log(database, task_id) for task_id in tasks}
        for task_id, row in tasks.items():
            for fault in _of_task(database, row, logs[task_id]):
                yield f"task {task_id} ({row['status']}): {fault}"
    for watcher in watchers:
        for fault in _of_watcher(watcher, tasks.get(watcher.task_id), logs.get(watcher.task_id, [])):
            yield f"{watcher.style} client of {watcher.task_id}: {fault}"


def _left_over(backend: Backend) -> Iterator[str]:
    for pid in backend.processes():
        yield f"process {pid} is left: {Path(f'/proc/{pid}/cmdline').read_bytes()[:200]!r}"
    with (backend.data_dir / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield "the data folder is locked"
    for store in (backend.data_dir / "scans").glob("*.db"):
        if (holder := lock_holder(store)) is not None:
            yield f"the store {store.name} is held by process {holder}"


def _logged(path: Path) -> Iterator[str]:
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if "Traceback (most recent call last)" in line:
            said = " | ".join(lines[max(0, number - 2) : number + 1])
            end = next((text for text in lines[number + 1 :] if text and not text.startswith((" ", "|", "+"))), "")
            yield f"a traceback in the log, line {number + 1}: {said} ... {end}"


def _read_log(database: sqlite3.Connection, task_id: str) -> list[dict[str, Any]]:
    query = "SELECT seq, attempt, type, body FROM task_events WHERE task_id = ? ORDER BY seq"
    return [{**dict(row), "body": json.loads(row["body"])} for row in database.execute(query, (task_id,))]


def _of_task(database: sqlite3.Connection, row: sqlite3.Row, events: list[dict[str, Any]]) -> Iterator[str]:
    seqs = [event["seq"] for event in events]
    if not len(seqs) == max(seqs, default=0) == row["last_seq"]:
        yield f"{len(seqs)} events up to {max(seqs, default=0)}, and last_seq is {row['last_seq']}"
    if row["status"] not in TERMINAL and row["deleted_at"] is None:
        yield f"it has not ended: {events[-1]}"
    if row["worker_id"] is not None:
        yield f"it belongs to {row['worker_id']} still"
    ends = [event["attempt"] for event in events if event["type"] == "task_completed"]
    if len(ends) != len(set(ends)) or (row["status"] in TERMINAL and ends[-1:] != [row["attempt"]]):
        yield f"its attempts end {ends}, and the last is {row['attempt']}"
    percents = [event["body"]["progress"] for event in events if event["type"] == "task_progress"]
    reached = _last_run(events)
    if reached and reached[-1] != row["progress"]:
        yield f"its last progress is {reached[-1]}, and the row says {row['progress']}"
    if reached != sorted(reached):
        yield f"its progress falls: {percents}"
    yield from _of_violations(database, row, events)
    lines = [line["log_seq"] for event in events if event["type"] == "task_logs" for line in event["body"]["logs"]]
    if lines != list(range(1, len(lines) + 1)):
        yield "its log lines have a hole"


def _last_run(events: list[dict[str, Any]]) -> list[int]:
    """The progress since a user last began it anew."""
    found: list[int] = []
    for event in events:
        if event["type"] == "task_retrying" and event["body"].get("reason") != "worker_lost":
            found.clear()
        elif event["type"] == "task_progress":
            found.append(event["body"]["progress"])
    return found


def _of_violations(database: sqlite3.Connection, row: sqlite3.Row, events: list[dict[str, Any]]) -> Iterator[str]:
    query = "SELECT id, run, domain, violation_key FROM violations WHERE task_id = ?"
    rows = database.execute(query, (row["id"],)).fetchall()
    kept = Counter((found["run"], found["domain"], found["violation_key"]) for found in rows)
    if twice := [found for found, times in kept.items() if times > 1]:
        yield f"kept twice: {twice}"
    said = Counter(event["body"]["violation_id"] for event in events if event["type"] == "violation_detected")
    if said != Counter(found["id"] for found in rows):
        yield f"{len(rows)} violations are kept, and {said.total()} were said"


def _of_watcher(watcher: Watcher, row: sqlite3.Row | None, events: list[dict[str, Any]]) -> Iterator[str]:
    yield from watcher.faults
    if row is None:
        if not watcher.gone:
            yield "its task is not there, and it was not told"
        return
    by_seq = {event["seq"]: event for event in events}
    dropped = [(told.seq, told.until) for told in watcher.story if told.kind == "dropped"]
    position: int | None = None
    for told in watcher.story:
        if told.kind == "dropped":
            continue
        if told.kind != "snapshot":
            yield from _of_event(told, position, by_seq, dropped)
        position = told.seq
    if position != row["last_seq"] and not (watcher.gone and row["deleted_at"] is not None):
        yield f"it stands at {position}, and the log ends at {row['last_seq']}"


def _of_event(
    told: Told, position: int | None, by_seq: dict[int, dict[str, Any]], dropped: list[tuple[int, int]]
) -> Iterator[str]:
    event = by_seq.get(told.seq)
    if event is None or event["type"] != told.kind:
        yield f"event {told.seq} ({told.kind}) is not in the log"
    if position is None or told.seq <= position:
        yield f"event {told.seq} came after {position}"
        return
    for seq in range(position + 1, told.seq):
        if not _may_be_missing(by_seq[seq], by_seq, dropped):
            yield f"event {seq} ({by_seq[seq]['type']}) is missing before {told.seq}"


def _may_be_missing(event: dict[str, Any], by_seq: dict[int, dict[str, Any]], dropped: list[tuple[int, int]]) -> bool:
    """Superseded progress, and log lines of which it was said that they do not come."""
    if event["type"] == "task_progress":
        return any(seq > event["seq"] and found["type"] == "task_progress" for seq, found in by_seq.items())
    lines = [line["log_seq"] for line in event["body"]["logs"]] if event["type"] == "task_logs" else []
    return bool(lines) and any(first <= lines[0] and lines[-1] <= last for first, last in dropped)
