"""Text as the lexicons see it, with the way back to the original.

NFKC, marks and zero-width characters removed, character references resolved, lower case, traditional to simplified
Chinese, every run of white space or hyphens one blank, and single Chinese characters that were pulled apart
("百 家 乐") put together again. Offsets of the result are mapped to offsets of the original text.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from opencc import OpenCC

# Every character of these ranges becomes exactly one character (a test goes through all of them), so whole runs are
# translated at once. Everything else is looked at one by one.
_ONE_TO_ONE: Final = r"\x00-\x7f\u2010-\u201f\u3000-\u3029\u3030-\u3096\u30a1-\u30fe\u3400-\u9fff\uff01-\uff5e"
# Those of them with which nothing irregular begins: the search passes over them without trying anything.
_PLAIN: Final = r"\x00-\x08\x0e-\x1b!-%'-,.-^`-\x7f\u2010-\u201f\u3001-\u3029\u3030-\u3096\u30a1-\u30fe\uff01-\uff5e"
_HAN: Final = r"\u3400-\u9fff"
_APART: Final = r" \u3000·.*\-_|/"
_BLANK: Final = r"\s\-_"
_IRREGULAR: Final = re.compile(
    rf"[^{_PLAIN}](?:"
    rf"(?<=[{_HAN}])(?=[{_APART}])(?P<spread>(?<![{_HAN}][{_HAN}])(?:[{_APART}][{_HAN}]){{2,}}(?![{_HAN}]))"
    r"|(?<=&)(?P<entity>(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});)"
    rf"|(?<=[{_BLANK}])(?P<blank>[{_BLANK}]+)"
    rf"|(?<=[^{_ONE_TO_ONE}])(?P<other>[^{_ONE_TO_ONE}]*))"
)
_SPREAD: Final = re.compile(rf"[{_HAN}][{_APART}][{_HAN}][{_APART}][{_HAN}]")
_ENTITY: Final = re.compile(r"&(?:#\d|#[xX]|[a-zA-Z]{2,31};)")
_FIRST_HAN, _LAST_HAN = 0x3400, 0x9FFF
_SEPARATORS: Final = frozenset("-_\u2010\u2011\u2012\u2013\u2014\u2015\uff0d\uff3f")


class CharacterTable(dict[int, str]):
    """Maps one code point to its folded text; filled as characters are met (at most all of Unicode)."""

    def __init__(self) -> None:
        super().__init__()
        self._simplify = OpenCC("t2s")

    def prepared(self, codes: range) -> dict[int, str]:
        """Return what Chinese characters become: converted together, for each call takes its time."""
        simplified = self._simplify.convert("\n".join(map(chr, codes))).split("\n")
        return dict(zip(codes, simplified, strict=True))

    def __missing__(self, code: int) -> str:
        folded = self._fold(chr(code))
        self[code] = folded
        return folded

    def _fold(self, char: str) -> str:
        if char in _SEPARATORS or char.isspace() or unicodedata.category(char) == "Cc":
            return " "
        if unicodedata.category(char) in ("Cf", "Cs"):
            return ""
        parts = unicodedata.normalize("NFKD", char)
        bare = "".join(part for part in parts if not unicodedata.category(part).startswith("M"))
        composed = unicodedata.normalize("NFC", bare).lower()
        return composed if composed.isascii() else self._simplify.convert(composed)


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """`text` with the map back. Segment i covers `text[starts[i]:starts[i + 1]]`."""

    original: str
    text: str
    starts: tuple[int, ...]  # of each segment in `text`, ascending
    origins: tuple[tuple[int, int], ...]  # the segment's span in `original`
    exact: tuple[bool, ...]  # character i of the segment is character i of its span

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Span in the original of `text[start:end]` (not empty)."""
        first, last = self._segment(start), self._segment(end - 1)
        low, high = self.origins[first][0], self.origins[last][1]
        if self.exact[first]:
            low += start - self.starts[first]
        if self.exact[last]:
            high = self.origins[last][0] + end - self.starts[last]
        return low, high

    def _segment(self, index: int) -> int:
        return bisect_right(self.starts, index) - 1


class _Builder:
    """Collects segments; neighbouring exact ones become one."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.starts: list[int] = []
        self.origins: list[tuple[int, int]] = []
        self.exact: list[bool] = []
        self._length = 0

    def add(self, text: str, span: tuple[int, int], *, exact: bool) -> None:
        if not text:
            return
        if exact and self.exact and self.exact[-1] and self.origins[-1][1] == span[0]:
            self.origins[-1] = (self.origins[-1][0], span[1])
        else:
            self.starts.append(self._length)
            self.origins.append(span)
            self.exact.append(exact)
        self.parts.append(text)
        self._length += len(text)

    def finish(self, original: str) -> NormalisedText:
        return NormalisedText(original, "".join(self.parts), tuple(self.starts), tuple(self.origins), tuple(self.exact))


class Normaliser:
    """Holds the character table. One per analyser; safe to share between threads (worst case a character is folded
    twice).
    """

    def __init__(self) -> None:
        self._table = CharacterTable()

    def fold(self, text: str) -> str:
        """The normalised text alone, as for lexicon entries."""
        return self.normalise(text).text

    def sketch(self, text: str) -> str:
        """The folded text with one blank for every run of them, and none at the ends: a third of the time."""
        if _SPREAD.search(text) or ("&" in text and _ENTITY.search(text)):
            return " ".join(self.fold(text).split())
        if self._changed.search(text) is None:
            folded = text.lower().replace("\n", " ").replace("-", " ").replace("_", " ").strip(" ")
            return " ".join(folded.split()) if "  " in folded else folded
        return " ".join(text.translate(self._table).split())

    @cached_property
    def _changed(self) -> re.Pattern[str]:
        """Finds characters that folding does more to than to write them in lower case, white space but the usual one,
        and maybe some others.
        """
        folded = self._table.prepared(range(_FIRST_HAN, _LAST_HAN + 1))
        same = "".join(chr(code) for code, text in folded.items() if text == chr(code))
        return re.compile(rf"[^\n -~\u3001\u3002{same}]")  # one class: a choice costs three times as much

    def normalise(self, original: str) -> NormalisedText:
        builder = _Builder()
        position = 0
        for match in _IRREGULAR.finditer(original):
            start, end = match.span()
            builder.add(original[position:start].translate(self._table), (position, start), exact=True)
            for text, span in self._irregular(match):
                builder.add(text, span, exact=len(text) == span[1] - span[0])
            position = end
        builder.add(original[position:].translate(self._table), (position, len(original)), exact=True)
        return builder.finish(original)

    def _irregular(self, match: re.Match[str]) -> Iterator[tuple[str, tuple[int, int]]]:
        start, end = match.span()
        match match.lastgroup:
            case "entity":
                yield html.unescape(match[0]).translate(self._table), (start, end)
            case "blank":
                yield " ", (start, end)
            case "spread":  # every second character is a separator
                for index in range(start, end, 2):
                    yield match.string[index].translate(self._table), (index, index + 1)
            case _:
                for index in range(start, end):
                    yield match.string[index].translate(self._table), (index, index + 1)
