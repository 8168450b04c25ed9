"""How a scan looks while it runs: several moments of the recorded one, at several widths, in a pipe, in both languages.

As with `test_goldens`: `.venv/bin/python -m tests.unit.cli.display.test_progress_goldens` writes them anew; read them.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from app.cli.display.base import Display
from app.cli.display.live import LiveDisplay
from app.cli.display.plain import PlainDisplay
from app.cli.lost_connection import describe_loss
from app.client.events import Event
from app.client.taskview import TaskView
from app.domain.messages import Language, MessageCatalog
from tests.support.recorded_result import recorded_events
from tests.unit.cli.display.test_goldens import COLOUR, WIDTHS

GOLDENS = Path(__file__).parent / "progress_goldens"
# Of the way through the events: the queue, the crawl, all at once, the captures, what is left to draw, the end.
MOMENTS = (0.01, 0.1, 0.25, 0.5, 0.8, 0.97, 1.0)
LOST_AT = 0.5  # the connection, at this moment
STEP_S = 1.0  # of time between two looks, where nothing happens


class Playback:
    """Plays the recorded events to a display, at their own times."""

    def __init__(self, language: Language) -> None:
        self.events = recorded_events(language)
        self.texts = MessageCatalog(language)
        self.view = TaskView(self.events[0].task_id)
        self.began = seconds_of(self.events[0])
        self.now = self.began

    def monotonic(self) -> float:
        return self.now

    def play(self, display: Display, until: float) -> None:
        """Show the events up to this share of them; those that were shown are not shown again."""
        for event in self.events[: round(len(self.events) * until)]:
            if (event.seq or 0) <= self.view.seq:
                continue
            while self.now + STEP_S < seconds_of(event):
                self.now += STEP_S
                display.tick(self.view)
            self.now = seconds_of(event)
            self.view.apply(event)
            display.show(self.view, event)


def seconds_of(event: Event) -> float:
    return datetime.fromisoformat(event.timestamp).timestamp()


def moving(language: Language, width: int, *, colour: bool = False) -> str:
    """The moving part at every moment, and above each what has come to stay since the one before."""
    playback, file = Playback(language), io.StringIO()
    console = Console(
        file=file,
        width=width,
        height=50,
        force_terminal=colour,
        color_system="auto" if colour else None,
        _environ=COLOUR if colour else {},
        highlight=False,
        legacy_windows=False,
    )
    display = StillDisplay(console, playback)
    for moment in MOMENTS:
        file.write(f"=== {moment:.0%} ===\n")
        playback.play(display, moment)
        if moment == LOST_AT:
            reason = describe_loss("1006", playback.texts)
            display.say(playback.texts("waiting_s", reason=reason, seconds=2.0))
        console.print(display.render(playback.view))
        display.say("")
    return "\n".join(line.rstrip() for line in file.getvalue().replace("\x1b", "␛").split("\n"))


class StillDisplay(LiveDisplay):
    """Draws nothing by itself."""

    def __init__(self, console: Console, playback: Playback) -> None:
        super().__init__(console, playback.texts, monotonic=playback.monotonic, zone=UTC)

    def tick(self, view: TaskView) -> None:
        pass


def piped(language: Language) -> str:
    playback, file = Playback(language), io.StringIO()
    display = PlainDisplay(file, playback.texts, monotonic=playback.monotonic)
    playback.play(display, 1.0)
    return file.getvalue()


def goldens() -> dict[str, str]:
    """Every file by its name."""
    written: dict[str, str] = {}
    for language in Language:
        for width in WIDTHS:
            written[f"{language}-{width}"] = moving(language, width)
        written[f"{language}-80-colour"] = moving(language, 80, colour=True)
        written[f"{language}-pipe"] = piped(language)
    return written


NOW = goldens()


@pytest.mark.parametrize("name", NOW)
def test_a_moment_looks_as_it_was_read(name):
    assert NOW[name] == (GOLDENS / f"{name}.txt").read_text("utf-8")


def test_there_is_no_other_file():
    assert {path.stem for path in GOLDENS.iterdir()} == set(NOW)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(language, width):
    assert [line for line in NOW[f"{language}-{width}"].splitlines() if cell_len(line) > width] == []


def test_no_moment_is_told_in_the_other_language():
    """The recorded scan is one; only what its pages, and the system, say themselves is the same in both."""
    english, chinese = (NOW[f"{language}-pipe"].splitlines() for language in (Language.EN, Language.ZH_CN))
    assert len(english) == len(chinese)
    assert [line for line in english if line in chinese] == []


if __name__ == "__main__":
    GOLDENS.mkdir(exist_ok=True)
    for name, text in NOW.items():
        (GOLDENS / f"{name}.txt").write_text(text, encoding="utf-8")
