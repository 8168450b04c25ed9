"""What a scan's process tells its parent: JSON lines on stdout, hints and a tick each second.

Everything here may be lost: the log is the truth. Only that it goes on has a meaning: the process is not frozen, and
its event loop turns.
"""

import os
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import orjson

from app.events.bus.base import Hint, Listener, TaskHint
from app.events.types import Event
from app.tasks.pulse import LoopPulse

TICK_S: Final = 1.0
MAX_WAITING: Final = 256  # hints; when the parent does not read, further ones are dropped
MAX_LINE_BYTES: Final = 1 << 20  # the parent's read limit; a hint carries at most 16 KiB of bodies


class PipeBus(threading.Thread):
    """A bus whose one listener is the parent. A thread of its own writes, because a parent may stop reading.

    `on_broken` is called once, from that thread, when the pipe has no reader any more.
    """

    def __init__(
        self, *, descriptor: int, pulse: LoopPulse, on_broken: Callable[[], None], tick_s: float = TICK_S
    ) -> None:
        super().__init__(name="pipe", daemon=True)
        self._descriptor = descriptor
        self._pulse = pulse
        self._on_broken = on_broken
        self._tick_s = tick_s
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING)
        self._ticks = 0

    @property
    def healthy(self) -> bool:
        return True

    def publish(self, hint: Hint) -> None:
        if not isinstance(hint, TaskHint):
            return
        try:
            self._lines.put_nowait(encode_hint(hint))
        except queue.Full:
            return  # the sweep repairs

    def subscribe(self, listener: Listener) -> Callable[[], None]:  # noqa: ARG002 - nobody listens inside a scan
        return lambda: None

    def run(self) -> None:
        try:
            while (line := self._next()) is not None:
                _write_all(self._descriptor, line)
        except OSError:
            self._on_broken()

    def close(self, timeout_s: float) -> None:
        """Writes what waits, then ends; not longer than `timeout_s`."""
        try:
            self._lines.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self.join(timeout_s)

    def _next(self) -> bytes | None:
        try:
            return self._lines.get(timeout=self._tick_s)
        except queue.Empty:
            self._ticks += 1
            return orjson.dumps({"tick": self._ticks}) + b"\n" if self._pulse.is_turning else b""


def encode_hint(hint: TaskHint) -> bytes:
    """One line."""
    events = [[e.seq, e.attempt, e.type, e.body, e.created_at.isoformat()] for e in hint.events]
    return orjson.dumps({"hint": [hint.task_id, hint.user_id, hint.seq, hint.status, events, hint.commits]}) + b"\n"


def decode_hint(line: bytes) -> TaskHint | None:
    """None for a tick and for what is no line of ours."""
    try:
        message: dict[str, Any] = orjson.loads(line)
        task_id, user_id, seq, status, events, commits = message["hint"]
        return TaskHint(task_id, user_id, seq, status, tuple(_event(task_id, fields) for fields in events), commits)
    except (ValueError, KeyError, TypeError):
        return None


def _event(task_id: str, fields: list[Any]) -> Event:
    seq, attempt, kind, body, created_at = fields
    return Event(task_id, seq, attempt, kind, body, datetime.fromisoformat(created_at))


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
