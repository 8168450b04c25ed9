"""How a scan looks while it runs: several moments of the recorded one, in both languages, at several widths, in a pipe.

As with `test_goldens`, what shows the layout alone has keys in the place of the display's own sentences.
`.venv/bin/python -m tests.unit.cli.display.test_progress_goldens` writes them anew; read them.
"""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
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
from tests.support.key_texts import KeyTexts
from tests.support.recorded_result import recorded_events
from tests.unit.cli.display.test_goldens import COLOUR, WIDTHS

GOLDENS = Path(__file__).parent / "progress_goldens"
# Of the way through the events: the queue, the crawl, all at once, the captures, what is left to render, the end.
MOMENTS = (0.01, 0.1, 0.25, 0.5, 0.8, 0.97, 1.0)
LOST_AT = 0.5  # the connection, at this moment
STEP_S = 1.0  # of time between two looks, where nothing happens


class Playback:
    """Plays the recorded events to a display, at their own times."""

    def __init__(self, texts: MessageCatalog, events: list[Event]) -> None:
        self.texts, self.events = texts, events
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


def moving(playback: Playback, width: int, *, colour: bool = False) -> str:
    """The moving part at every moment, and above each what has come to stay since the one before."""
    file = io.StringIO()
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
    """Renders nothing by itself."""

    def __init__(self, console: Console, playback: Playback) -> None:
        super().__init__(console, playback.texts, monotonic=playback.monotonic, zone=UTC)

    def tick(self, view: TaskView) -> None:
        pass


def piped(playback: Playback) -> str:
    file = io.StringIO()
    display = PlainDisplay(file, playback.texts, monotonic=playback.monotonic)
    playback.play(display, 1.0)
    return file.getvalue()


def told(language: Language) -> Playback:
    return Playback(MessageCatalog(language), recorded_events(language))


def keyed() -> Playback:
    """With the sentences of the events as they were recorded."""
    return Playback(KeyTexts(), recorded_events(None))


def told_at(language: Language) -> str:
    return moving(told(language), 80)


def laid_out(width: int) -> str:
    return moving(keyed(), width)


MAKERS: dict[str, Callable[[], str]] = {  # every file by its name
    **{language.value: partial(told_at, language) for language in Language},
    **{f"layout-{width}": partial(laid_out, width) for width in WIDTHS if width != 80},
    "layout-80-colour": lambda: moving(keyed(), 80, colour=True),
    "layout-pipe": lambda: piped(keyed()),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_moment_looks_as_it_was_read(name):
    assert MAKERS[name]() == (GOLDENS / f"{name}.txt").read_text("utf-8")


def test_there_is_no_other_file():
    assert {path.stem for path in GOLDENS.iterdir()} == set(MAKERS)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(language, width):
    assert [line for line in moving(told(language), width).splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize("language", Language)
def test_colours_change_no_word(language):
    """What is left of a bar is rendered in colour alone."""
    coloured = re.sub(r"␛\[[0-9;]*m", "", moving(told(language), 80, colour=True))
    assert words(coloured) == words(MAKERS[language]())


def words(text):
    return re.findall(r"[^\s━╸╺]+", text)


def test_no_moment_is_told_in_the_other_language():
    """The recorded scan is one; only what its pages, and the system, say themselves is the same in both."""
    english, chinese = (piped(told(language)).splitlines() for language in (Language.EN, Language.ZH_CN))
    assert len(english) == len(chinese)
    assert [line for line in english if line in chinese] == []


if __name__ == "__main__":
    GOLDENS.mkdir(exist_ok=True)
    for name, make in MAKERS.items():
        (GOLDENS / f"{name}.txt").write_text(make(), encoding="utf-8")
