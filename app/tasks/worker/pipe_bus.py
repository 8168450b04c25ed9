"""The bus of a scan's process: hints for its parent, and a tick each second (`tasks.process_protocol`)."""

import os
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from app.domain.rechecks import RecheckOutcome
from app.events.bus.base import Hint, TaskHint
from app.tasks.process_protocol import BROWSER_LINE, encode_hint, rechecks_line, tick_line, verdicts_line
from app.tasks.worker.loop_watchdog import LoopWatchdog

TICK_S: Final = 1.0
MAX_WAITING: Final = 256  # hints; when the parent does not read, further ones are dropped


class PipeBus(threading.Thread):
    """Fulfils `events.bus.base.Publisher`: the one listener is the parent. A thread writes the lines, because the
    parent may stop reading.

    `on_broken` is called once, from that thread, when the pipe has no reader any more.
    """

    def __init__(
        self, *, descriptor: int, watchdog: LoopWatchdog, on_broken: Callable[[], None], tick_s: float = TICK_S
    ) -> None:
        super().__init__(name="pipe", daemon=True)
        self._descriptor = descriptor
        self._watchdog = watchdog
        self._on_broken = on_broken
        self._tick_s = tick_s
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING)
        self._ticks = 0

    def announce(self) -> None:
        """Say that the process has begun. Once, before `start`, and before the process touches anything."""
        with suppress(OSError):  # `run` finds that nobody reads
            _write_all(self._descriptor, tick_line(0))

    def publish(self, hint: Hint) -> None:
        if isinstance(hint, TaskHint):
            self.send(encode_hint(hint))

    def want_browser(self) -> None:
        """Say that pages wait to be rendered. From any thread."""
        self.send(BROWSER_LINE)

    def count_verdicts(self, effects: Mapping[str, int]) -> None:
        """Say what the local classifier changed, for the numbers of the parent. From any thread."""
        self.send(verdicts_line(effects))

    def count_rechecks(self, ended: Mapping[RecheckOutcome, int]) -> None:
        """Say how rechecks have ended, likewise."""
        self.send(rechecks_line(ended))

    def send(self, line: bytes) -> None:
        """Have a line written after those before it. From any thread."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return  # the sweep repairs, and browser workers look by themselves

    def run(self) -> None:
        try:
            while (line := self._next()) is not None:
                _write_all(self._descriptor, line)
        except OSError:
            self._on_broken()

    def close(self, timeout_s: float) -> None:
        """Write what waits, then end; not longer than `timeout_s`."""
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
            return tick_line(self._ticks) if self._watchdog.is_turning else b""


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
