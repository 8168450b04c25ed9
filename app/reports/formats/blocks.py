"""The document model: what a report consists of, whatever file it becomes. Texts are plain: each format escapes them.

Every text may come from a scanned page. What is meant to be shown line by line says so (`Quote`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a text is meant."""

    PLAIN = "plain"
    NOTE = "note"  # beside the matter: what was left out, where to find more
    GOOD = "good"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 is the document's title. `anchor` names the place for links within the document; "" names none."""

    text: str
    level: int
    anchor: str = ""
    risk: str = ""  # key of a risk level, by which it is coloured
    badge: str = ""  # says the risk in words, in front of the text


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture of the organisation, checked and encoded anew (`logo.read_logo`). `width` and `height`: pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Masthead:
    """Whose report it is, on top of its first page. `organisation`: "" for none; `text`: what it is, and of when."""

    organisation: str
    logo: Logo | None
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The sentence that a reader takes away, in large type."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with what it counts."""

    number: str
    text: str
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `numbered` when the order matters."""

    texts: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values; the caller leaves out empty values."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a page's source, with its own line breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that we have encoded ourselves."""

    jpeg: bytes
    caption: str
    width: int  # pixels
    height: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is coloured by a risk level, or leads to a place in the document."""

    text: str
    risk: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`weight`: its share of the width. Numbers stand on the right. `is_small`: for hashes and long addresses."""

    title: str
    weight: int = 1
    is_number: bool = False
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows have a cell for each column."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """Starts a new page in paged formats, unless it would leave half a page empty."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Two columns, which are read one after the other. `share`: of the width, for the left one."""

    left: Sequence["Block"]
    right: Sequence["Block"]
    share: float = 0.5


Block = Heading | Masthead | Statement | Tiles | Text | Items | Facts | Quote | Picture | Table | Beside | PageBreak
