"""The part of a page that the LLM is shown: at most `MAX_CHARS` characters. Pure.

A page may speak to the model. So what models take for their own control tokens is made harmless here, and all that is
compared later (quotes, instructions) is compared with this text: what the model saw.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self
from unicodedata import category

MAX_CHARS: Final = 2_000  # of the whole, headings included
MAX_TITLE: Final = 200
MAX_META: Final = 300
MAX_LINKS: Final = 300
MAX_HOST: Final = 100
WINDOW_CHARS: Final = 330
MAX_WINDOWS: Final = 3
MAX_TEXT: Final = 100_000  # of the page's text that windows are chosen from
MAX_PLACES: Final = 5_000  # words of a trade; a page may repeat them without end
_LEAD_CHARS: Final = 60  # before the first word of a window: what it is said of

_HEADINGS: Final = ("Host", "Title", "Description", "Text", "Text", "Text", "Link texts")
# Control tokens of common models: their servers may take them for their own, wherever they stand.
_CONTROL: Final = re.compile(r"<\|{1,3}|\|{1,3}>|</?s>|\[/?INST|<</?SYS|<(?:start|end)_of_turn>", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\s+")

Place = tuple[int, float]  # offset in the text, and the weight of the word there


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Every part is one line of text as the model gets it."""

    host: str
    title: str
    meta: str
    windows: tuple[str, ...]  # of the page's text, in its order, at most `MAX_WINDOWS`
    links: str  # texts of links, side by side
    asks: bool = False  # the page asks people for an account, a secret or a payment; no part of what is shown
    picture: str = ""  # SHA-256 of the page's screenshot, for models that are shown one; not kept with the excerpt

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what the page itself says, piece by piece; a quote stands in one of them."""
        return tuple(filter(None, (self.host, self.title, self.meta, *self.windows, self.links)))

    @property
    def text(self) -> str:
        """Return the whole with headings, at most `MAX_CHARS` characters."""
        windows = (*self.windows, *("",) * (MAX_WINDOWS - len(self.windows)))
        values = (self.host, self.title, self.meta, *windows, self.links)
        return "\n".join(f"{name}: {value}" for name, value in zip(_HEADINGS, values, strict=True) if value)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to judge beside the host's name."""
        return bool(self.title or self.meta or self.windows)

    def to_json(self) -> list[Any]:
        """Return what `from_json` reads."""
        return [self.host, self.title, self.meta, list(self.windows), self.links, self.asks]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Self:
        """Raises ValueError or TypeError for what `to_json` has not written."""
        host, title, meta, windows, links, asks = values
        return cls(str(host), str(title), str(meta), tuple(map(str, windows)), str(links), asks=bool(asks))


def question_key(excerpt: Excerpt, *, model: str, prompt_version: int) -> str:
    """Return under which an answer is kept: 32 hexadecimal digits of all that it depends on."""
    pictures = (f"picture {excerpt.picture}",) if excerpt.picture else ()
    asked = "\0".join((model, str(prompt_version), *pictures, *excerpt.parts))
    return sha256(asked.encode("utf-8", "replace")).hexdigest()[:32]


def choose_excerpt(
    *, host: str, title: str, meta: Iterable[str], text: str, links: Iterable[str], places: Sequence[Place]
) -> Excerpt:
    """Return what is shown of a page.

    Args:
        host: that the content came from.
        title: of the document.
        meta: description, keywords and their kin.
        text: what is to be seen of the page.
        links: texts of links.
        places: words of the trades in `text`, in ascending order. Without any, its beginning, middle and end are shown.
    """
    text = text[:MAX_TEXT]
    spans = _dense_spans(places[:MAX_PLACES], len(text)) or _spread_spans(len(text))
    return Excerpt(
        host=tame(host)[:MAX_HOST],
        title=tame(title[: 4 * MAX_TITLE])[:MAX_TITLE],
        meta=_joined(meta, MAX_META),
        windows=tuple(filter(None, (tame(text[start:end])[:WINDOW_CHARS] for start, end in spans))),
        links=_joined(links, MAX_LINKS),
    )


def tame(text: str) -> str:
    """Return the text as one line, without what nobody sees and without control tokens of models."""
    plain = "".join(item if item.isprintable() else "" if category(item) == "Cf" else " " for item in text)
    return _BLANKS.sub(" ", _CONTROL.sub("‹", plain)).strip()


def _joined(values: Iterable[str], most: int) -> str:
    """Return as many of the distinct values as fit, side by side."""
    found: dict[str, None] = {}
    left = most
    for value in values:
        tamed = tame(value[: 4 * most])[:left]
        if left <= 0:
            break
        if tamed and tamed not in found:
            found[tamed] = None
            left -= len(tamed) + 3
    return " | ".join(found)[:most]


def _dense_spans(places: Sequence[Place], length: int) -> list[tuple[int, int]]:
    """Return the heaviest windows that do not overlap, in the order of the text; none without words."""
    chosen: list[tuple[int, int]] = []
    for _, first in sorted(_weights(places), key=lambda item: (-item[0], item[1])):
        start = max(0, first - _LEAD_CHARS)
        if all(abs(start - other) >= WINDOW_CHARS for other, _ in chosen):
            chosen.append((start, min(length, start + WINDOW_CHARS)))
        if len(chosen) == MAX_WINDOWS:
            break
    return sorted(chosen)


def _weights(places: Sequence[Place]) -> Iterator[tuple[float, int]]:
    """Yield (weight, offset of the first word) of the window that begins with each word."""
    reach = WINDOW_CHARS - _LEAD_CHARS
    weight, end = 0.0, 0
    for first, (offset, own) in enumerate(places):
        while end < len(places) and places[end][0] < offset + reach:
            weight += places[end][1]
            end += 1
        yield weight, offset
        weight -= own if end > first else 0.0


def _spread_spans(length: int) -> list[tuple[int, int]]:
    """Return beginning, middle and end of the text."""
    last = max(0, length - WINDOW_CHARS)
    starts = sorted({0, last // 2, last}) if length > MAX_WINDOWS * WINDOW_CHARS else range(0, length, WINDOW_CHARS)
    return [(start, min(length, start + WINDOW_CHARS)) for start in starts]
