"""A scan live in a terminal: the five stages with bars, the numbers, the newest log lines; findings stay above."""

import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.cli.display.formatting import RISK_STYLES, counted, stage_name, state_of, violation_line
from app.cli.terminal import clean, clock_of
from app.client.events import Event
from app.client.taskview import TaskView
from app.domain.messages import MessageCatalog
from app.domain.projection import StageState

LINES: Final = 6  # of the log
BAR_WIDTH: Final = 40
MARKS: Final = {"pending": "○", "running": "●", "completed": "✔", "failed": "✘", "skipped": "–", "cancelled": "✘"}
STYLES: Final = {
    "pending": "dim",
    "running": "bold cyan",
    "completed": "green",
    "failed": "bold red",
    "skipped": "dim",
    "cancelled": "yellow",
}
LEVEL_STYLES: Final = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "red"}


class LiveDisplay:
    """Renders on `tick` only: events may come by the hundred."""

    def __init__(
        self,
        console: Console,
        texts: MessageCatalog,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        zone: tzinfo | None = None,
    ) -> None:
        """`zone` None: times of the log are those of this machine's clock, as in the result."""
        self._console = console
        self._texts = texts
        self._monotonic = monotonic
        self._zone = zone
        self._began = monotonic()
        self._notice = ""
        # Vertical overflow: a small window shows the upper part, the bars, rather than nothing.
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, view: TaskView, event: Event) -> None:
        body = event.data
        match event.type:
            case "violation_detected":
                style = RISK_STYLES.get(body["violation"]["risk_level"], "")
                self._console.print(Text(f"⚠ {violation_line(body, self._texts)}", style=style))
            case "task_warning":
                self._console.print(Text(f"! {clean(body['message'])}", style="yellow"))
            case "task_error":
                self._console.print(Text(f"✘ {clean(body['message'])}", style="bold red"))
        if view.ended:
            self.tick(view)

    def tick(self, view: TaskView) -> None:
        self._live.update(self.render(view), refresh=True)

    def say(self, text: str, *, lasting: bool = False) -> None:
        self._notice = clean(text)
        if lasting and text:
            self._console.print(Text(self._notice, style="yellow"))

    def render(self, view: TaskView) -> RenderableType:
        """Return the moving part."""
        parts: list[RenderableType] = [self._head(view)]
        if view.message and not view.ended:
            parts.append(Text(clean(view.message), no_wrap=True, overflow="ellipsis"))
        parts += [self._stages(view), self._numbers(view)]
        if not view.ended:
            parts += [self._line(line) for line in list(view.lines)[-LINES:]]
        if self._notice:
            parts.append(Text(self._notice, style="yellow"))
        return Group(*parts)

    def _head(self, view: TaskView) -> Text:
        elapsed = clock_of(self._monotonic() - self._began)
        return Text.assemble(
            (clean(view.target_domain), "bold"), f"  {state_of(view, self._texts)}  ", (f"{elapsed}", "dim")
        )

    def _stages(self, view: TaskView) -> Table:
        table = Table.grid(padding=(0, 1))
        for stage in view.stages:
            table.add_row(*self._stage_row(stage))
        overall = Text(self._texts("progress"), style="bold")
        table.add_row("", overall, ProgressBar(100, view.progress, width=BAR_WIDTH), f"{view.progress:3} %")
        return table

    def _stage_row(self, stage: StageState) -> tuple[RenderableType, ...]:
        style = STYLES.get(stage.status, "")
        mark = Text(MARKS.get(stage.status, " "), style=style)
        name = Text(stage_name(stage.key, self._texts), style=style)
        if stage.status == "running" and not stage.progress:  # it began early; its share is told when its turn has come
            moving = ProgressBar(None, width=BAR_WIDTH, pulse=True, animation_time=self._monotonic())
            return mark, name, moving, Text("  …", style=style)
        return mark, name, ProgressBar(100, stage.progress, width=BAR_WIDTH), Text(f"{stage.progress:3} %", style=style)

    def _numbers(self, view: TaskView) -> Text:
        text = Text()
        for name, number in counted(view, self._texts):
            text.append(f"{name} ", style="dim").append(f"{number}   ", style="bold")
        return text

    def _line(self, line: object) -> Text:
        assert isinstance(line, dict)
        moment = datetime.fromisoformat(line["created_at"]).astimezone(self._zone)
        text = Text(
            f"{moment:%H:%M:%S} {clean(line['message'])}", style=LEVEL_STYLES.get(line["level"], ""), no_wrap=True
        )
        text.overflow = "ellipsis"
        return text
