"""A scan as lines, for pipes and logs: one per stage change, violation and warning, and one every 5 to 10 seconds."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Final, Self

from app.cli.display.formatting import counted, labelled, stage_name, state_of, violation_line
from app.cli.terminal import clean, clock_of
from app.client.events import Event
from app.client.taskview import TaskView
from app.domain.messages import MessageCatalog
from app.domain.stages import StageKey

EVERY_S: Final = 5.0  # when there is something new
AT_LEAST_EVERY_S: Final = 10.0  # when there is nothing: who reads must see that it lives


class PlainDisplay:
    """Each line is flushed, so that a reader sees it now."""

    def __init__(
        self, stream: IO[str], texts: MessageCatalog, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._texts = texts
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
        body, texts = event.data, self._texts
        match event.type:
            case "task_snapshot" | "task_started" | "task_cancelling" | "task_retrying" | "task_completed":
                self._write(labelled(view.target_domain, state_of(view, texts), texts))
            case "task_stage":
                name = stage_name(StageKey(body["stage_key"]), texts)
                self._write(labelled(name, texts("stage_status." + body["status"]), texts))
            case "violation_detected":
                self._write(labelled(texts("violation"), violation_line(body, texts), texts))
            case "task_warning":
                self._write(labelled(texts("warning"), body["message"], texts))
            case "task_error":
                self._write(labelled(texts("error"), body["message"], texts))

    def tick(self, view: TaskView) -> None:
        silent_s = self._monotonic() - self._said_at
        if silent_s < EVERY_S or view.ended:
            return
        line = self._progress(view)
        if line != self._last or silent_s >= AT_LEAST_EVERY_S:
            self._last = line
            self._write(line)

    def _progress(self, view: TaskView) -> str:
        """Return how far it is; before it has begun, and between its stages, what it waits for."""
        if view.stage_key is None:
            return labelled(view.target_domain, state_of(view, self._texts), self._texts)
        numbers = self._texts.join_terms(f"{name} {number}" for name, number in counted(view, self._texts))
        what = clean(view.message) or stage_name(view.stage_key, self._texts)
        return f"{view.progress:3} % · {what} · {numbers}"

    def say(self, text: str, *, lasting: bool = False) -> None:  # noqa: ARG002 - every line lasts here
        if text:
            self._write(clean(text))

    def _write(self, line: str) -> None:
        self._said_at = self._monotonic()
        self._stream.write(f"[{clock_of(self._said_at - self._began)}] {line}\n")
        self._stream.flush()
