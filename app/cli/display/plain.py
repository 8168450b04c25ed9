"""A scan as lines, for pipes and logs: one per stage change, violation and warning, and one every five seconds."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Final, Self

from app.cli.display.wording import counted, stage_name, state_of, violation_line
from app.cli.texts import Labels, clean, clock_of
from app.client.events import Event
from app.client.taskview import TaskView
from app.domain.stages import StageKey

EVERY_S: Final = 5.0


class PlainDisplay:
    """Each line is flushed, so that a reader sees it now."""

    def __init__(self, stream: IO[str], labels: Labels, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._labels = labels
        self._monotonic = monotonic
        self._began = self._said_at = monotonic()
        self._last = ""  # the newest progress line; not said twice

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, view: TaskView, event: Event) -> None:
        body, labels = event.data, self._labels
        match event.type:
            case "task_snapshot" | "task_started" | "task_cancelling" | "task_retrying" | "task_completed":
                self._write(f"{clean(view.target_domain)}: {state_of(view, labels)}")
            case "task_stage":
                name = stage_name(StageKey(body["stage_key"]), labels)
                self._write(f"{name}: {labels(body['status'])}")
            case "violation_detected":
                self._write(f"{labels('violation')}: {violation_line(body, labels)}")
            case "task_warning":
                self._write(f"{labels('warning')}: {clean(body['message'])}")
            case "task_error":
                self._write(f"{labels('error')}: {clean(body['message'])}")

    def tick(self, view: TaskView) -> None:
        if self._monotonic() - self._said_at < EVERY_S or view.stage_key is None or view.ended:
            return
        numbers = ", ".join(f"{name} {number}" for name, number in counted(view, self._labels))
        line = f"{view.progress:3} % · {stage_name(view.stage_key, self._labels)} · {numbers}"
        if line != self._last:
            self._last = line
            self._write(line)

    def say(self, text: str, *, lasting: bool = False) -> None:  # noqa: ARG002 - every line lasts here
        if text:
            self._write(clean(text))

    def _write(self, line: str) -> None:
        self._said_at = self._monotonic()
        self._stream.write(f"[{clock_of(self._said_at - self._began)}] {line}\n")
        self._stream.flush()
