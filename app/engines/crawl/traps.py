"""Endless spaces of URLs: calendars, session ids, growing paths, facets. Told by what their pages bring, not by number:
thousands of articles share one path shape too.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

MAX_REPEATS: Final = 40  # pages more that repeat than that are new, of one shape
MAX_DRY: Final = 120  # pages in a row without a single new word, of a shape that looks generated
MAX_ODD: Final = 50  # URLs that no person would write, of one host
MAX_URL: Final = 1_024  # characters; longer ones are odd
MAX_SEGMENTS: Final = 16
MAX_SAME_SEGMENT: Final = 4  # /a/b/a/b/a/b/a/b
MANY_PARAMETERS: Final = 3  # from here on their combinations are facets of one list
MAX_TEXT: Final = 20_000  # characters of a page that are compared
MAX_VOCABULARY: Final = 50_000  # words of one shape; a site that brings more is no trap

_DIGITS: Final = re.compile(r"\d+")
_ODD: Final = "!odd"
_GENERATED: Final = ("#", "@", "?", "!")


def shape_of(url: str) -> str:
    """What a URL has in common with its like: host, first folder, kinds of the other segments, parameter names.

    Segments count as words, numbers (`#`) or mixtures (`@`); equal kinds in a row are one. Takes a serialised URL.
    """
    address, _, query = url.partition("#")[0].partition("?")
    _, _, rest = address.partition("//")
    host, *segments = rest.split("/")
    if _is_odd(url, segments):
        return host + _ODD
    *folders, name = segments or [""]
    stem, dot, extension = name.rpartition(".")
    kinds = [*(_kind(folder) for folder in folders), _kind(stem if dot else name)]
    if folders and kinds[0] == "w":
        kinds[0] = folders[0]
    path = "/".join(kind for index, kind in enumerate(kinds) if index == 0 or kind != kinds[index - 1])
    return f"{host}/{path}{dot}{extension if dot else ''}{_parameters(query)}"


def _kind(segment: str) -> str:
    if segment.isdigit():
        return "#"
    return "@" if _DIGITS.search(segment) else "w"


def _is_odd(url: str, segments: list[str]) -> bool:
    if len(url) > MAX_URL or len(segments) > MAX_SEGMENTS:
        return True
    if len(segments) < MAX_SAME_SEGMENT:
        return False
    return any(segments.count(segment) >= MAX_SAME_SEGMENT for segment in set(segments) if segment)


def _parameters(query: str) -> str:
    if not query:
        return ""
    names = sorted({pair.partition("=")[0] for pair in query.split("&")})
    return "?" + ("*" if len(names) >= MANY_PARAMETERS else "&".join(names))


@dataclass(slots=True)
class _Shape:
    """What the pages of one shape brought so far."""

    asked: int = 0
    repeats: int = 0  # pages that repeated another, less those that did not; never below 0
    dry: int = 0  # pages in a row without a new word
    words: set[str] = field(default_factory=set)  # kept for generated shapes alone
    closed: bool = False


class TrapGuard:
    """Closes a shape once its pages bring nothing new. Costs a trap at most some 170 requests, mostly 40."""

    def __init__(self) -> None:
        self._shapes: defaultdict[str, _Shape] = defaultdict(_Shape)
        self._texts: set[int] = set()  # hashes of the texts seen, digits left out
        # Shapes closed so far, in order.
        self.closed: list[str] = []

    def admits(self, shape: str) -> bool:
        """Whether a URL of the shape is still worth a request; counts it as asked."""
        found = self._shapes[shape]
        found.asked += 1
        if shape.endswith(_ODD) and found.asked > MAX_ODD:
            self._close(shape)
        return not found.closed

    def learn(self, shape: str, text: str, *, brings_host: bool) -> None:
        """What a page of the shape held: its text, and whether it named a foreign host for the first time."""
        words = frozenset(_DIGITS.sub("", text[:MAX_TEXT]).split())
        signature = hash(words)
        repeats = signature in self._texts and not brings_host
        self._texts.add(signature)
        found = self._shapes[shape]
        found.repeats = found.repeats + 1 if repeats else max(0, found.repeats - 1)
        found.dry = 0 if brings_host or self._is_wet(shape, found, words) else found.dry + 1
        if found.repeats >= MAX_REPEATS or found.dry >= MAX_DRY:
            self._close(shape)

    def _is_wet(self, shape: str, found: _Shape, words: frozenset[str]) -> bool:
        """Whether there is a new word, or nobody counts."""
        if len(found.words) > MAX_VOCABULARY or not any(mark in shape for mark in _GENERATED):
            return True
        known = len(found.words)
        found.words |= words
        return len(found.words) > known

    def _close(self, shape: str) -> None:
        if not self._shapes[shape].closed:
            self._shapes[shape].closed = True
            self.closed.append(shape)
