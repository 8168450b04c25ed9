"""Finds the place of a reference in the captured source of its page. Pure."""

import codecs
import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Final

AROUND: Final = 100  # characters on each side
NEAR: Final = 600  # characters behind the address in which the link's text is looked for
MAX_LOOKS: Final = 200  # places of one address that are looked at
COMPARED: Final = 100  # characters of one attribute
# Begins where a name does and never goes back in it: a hostile page has names that would take long.
_ATTRIBUTE: Final = re.compile(r"""(?<![^\s"'<>=/])([^\s"'<>=/]{1,60}+)\s?=\s?("[^"]*"|'[^']*'|[^\s"'<>]+)""")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of the source. `offset` counts characters of the decoded source, `line` from 1."""

    text: str
    offset: int
    line: int


def decode(source: bytes, charset: str) -> str:
    """Decode as the scan did; what does not fit is replaced."""
    try:
        codecs.lookup(charset)
    except (LookupError, ValueError):
        charset = "utf-8"
    try:
        return source.decode(charset, "replace")
    except (UnicodeError, ValueError, LookupError):  # codecs that are none for text
        return source.decode("utf-8", "replace")


def find_excerpt(source: str, raw: str, text: str = "", snippet: str = "", *, earlier: int = 0) -> Excerpt | None:
    """Return where an address stands as written.

    Of several places it is one with the link's text behind it, and of these one in an element with the attributes of
    the snippet. `earlier`: how many references that look the same stand before this one on the page.
    """
    written = [form for form in dict.fromkeys((raw, escape(raw, quote=False), escape(raw))) if form]
    for form in written:
        places = _places(source, form)
        if places:
            likely = _likeliest(source, places, text, snippet)
            return _excerpt(source, likely[min(earlier, len(likely) - 1)], len(form))
    return None


def _likeliest(source: str, places: list[int], text: str, snippet: str) -> list[int]:
    with_text = [place for place in places if text and text in source[place : place + NEAR]] or places
    if len(with_text) == 1:
        return with_text
    wanted = _attributes(snippet.partition(">")[0])
    differing = {place: len(wanted ^ _attributes(_tag_at(source, place))) for place in with_text}
    least = min(differing.values())
    return [place for place in with_text if differing[place] == least]


def _tag_at(source: str, place: int) -> str:
    """Return the start tag around a place, as far as it is near."""
    start, end = source.rfind("<", max(0, place - NEAR), place), source.find(">", place, place + NEAR)
    return source[start if start >= 0 else place : end if end >= 0 else place + NEAR]


def _attributes(tag: str) -> set[tuple[str, str]]:
    """Return names and values, however they are quoted; of long values the beginning, as snippets have it."""
    found = _ATTRIBUTE.findall(tag)
    return {(name.lower(), unescape(value.strip("\"'"))[:COMPARED]) for name, value in found}


def _places(source: str, form: str) -> list[int]:
    places: list[int] = []
    place = source.find(form)
    while place >= 0 and len(places) < MAX_LOOKS:
        places.append(place)
        place = source.find(form, place + 1)
    return places


def _excerpt(source: str, place: int, length: int) -> Excerpt:
    start, end = max(0, place - AROUND), place + length + AROUND
    return Excerpt(source[start:end], start, source.count("\n", 0, start) + 1)
