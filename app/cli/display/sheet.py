"""What a report is written on: headings, sentences and labelled fields of a console's width.

We break lines ourselves, and never an address: a terminal shows a longer line in several rows, and copies it whole.
"""

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from app.cli.display.wrapping import pad, wrap
from app.cli.terminal import clean

MAX_READABLE: Final = 118  # columns of running text: longer lines are hard to follow with the eye
LEAST: Final = 20  # columns of a field's text, however narrow the terminal
GAP: Final = 2


class Unbroken(str):
    """A text that stays on one line, so that it can be copied."""

    __slots__ = ()


Item = str | tuple[str, str]  # a text, or what stands before it (a number, an arrow) and the text


class Sheet:
    """Writes on one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = console.width

    @property
    def text_width(self) -> int:
        return min(self.width, MAX_READABLE)

    def blank(self) -> None:
        self._console.print()

    def line(self, *parts: tuple[str, str] | str, indent: int = 0) -> None:
        """Write one line that is not broken; parts are texts, or texts with their style."""
        text = Text(" " * indent)
        for part in parts:
            said, style = (part, "") if isinstance(part, str) else part
            text.append(clean(said), style=style or None)
        self._console.print(text, soft_wrap=True)

    def fits(self, *parts: tuple[str, str] | str) -> bool:
        """Tell whether they have room on one line."""
        return sum(cell_len(part if isinstance(part, str) else part[0]) for part in parts) <= self.width

    def sentence(self, text: str, *, style: str = "", indent: int = 0) -> None:
        """Write running text."""
        for line in wrap(clean(text), max(LEAST, self.text_width - indent)):
            self.line((line, style), indent=indent)

    def heading(self, text: str, count: int | None = None) -> None:
        self.blank()
        self.line((text if count is None else f"{text} ({count})", "bold"))
        self.blank()

    def field(self, label: str, items: Iterable[Item], *, label_width: int, indent: int = 0, style: str = "") -> None:
        """Write items beside their label, each on lines of its own."""
        head = pad(clean(label), label_width + GAP)
        for item in items:
            lead, text = ("", item) if isinstance(item, str) else item
            hang = cell_len(lead)
            room = max(LEAST, self.text_width - indent - cell_len(head) - hang)
            for line in [text] if isinstance(text, Unbroken) else wrap(clean(text), room):
                self.line((head, "dim"), (lead, "dim"), (line, style), indent=indent)
                head, lead = " " * cell_len(head), " " * hang


def widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)
