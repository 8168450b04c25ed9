"""What evidence shows of captured contents: a content by its hash, the place of a reference in the source of its page,
and the screenshot of a finding.
"""

import codecs
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Row

from app.core.errors import Unavailable
from app.domain.scan_facts import Capture
from app.findings.evidence.exposures import Site, cleared_hosts
from app.findings.evidence.source_elements import NEAR, Span, surroundings_of
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.rows import host_in

REST_S: Final = 5.0  # a storage that did not answer is not asked again for so long: each time takes seconds of a thread
AROUND: Final = 100  # characters of an excerpt, on each side of what is marked in it
MAX_LOOKS: Final = 200  # places of one address that are looked at
COMPARED: Final = 100  # characters of one attribute
# Begins where a name does and never goes back in it: a hostile page has names that would take long.
_ATTRIBUTE: Final = re.compile(r"""(?<![^\s"'<>=/])([^\s"'<>=/]{1,60}+)\s?=\s?("[^"]*"|'[^']*'|[^\s"'<>]+)""")
log = structlog.get_logger(__name__)


class CapturedContent(Protocol):
    """The contents that scans have captured, by their hash (`captures.contents`). Blocking."""

    def get(self, sha256: str) -> bytes:
        """Raises LookupError: nothing is stored; ValueError: it is damaged; OSError: the storage does not respond."""
        ...


class KeptContents:
    """Of one service; used by several threads. A lost content and an unavailable storage are different errors."""

    def __init__(self, contents: CapturedContent, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._contents = contents
        self._monotonic = monotonic
        self._ask_at = float("-inf")  # monotonic

    def read(self, sha256: str) -> bytes | None:
        """Return the content; None when it was not kept, or is damaged.

        Raises Unavailable (`captures_unavailable`) when the storage does not answer: nobody knows then.
        """
        if self._monotonic() < self._ask_at:
            raise Unavailable(code="captures_unavailable")
        try:
            return self._contents.get(sha256)
        except (LookupError, ValueError):
            return None
        except OSError as error:
            self._ask_at = self._monotonic() + REST_S
            log.warning("captures_unavailable", reason=str(error))
            raise Unavailable(code="captures_unavailable") from error

    def read_if_possible(self, sha256: str) -> bytes | None:
        """Return the content, for what can be shown without it; None also when the storage does not answer."""
        try:
            return self.read(sha256)
        except Unavailable:
            return None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of the source. `offset` counts characters of the decoded source; `line` and `column`, from 1, are those
    of the element with the reference. `marks`: that element, and the tags of the one that hides it, in `text`.
    """

    text: str
    offset: int
    line: int
    column: int
    marks: tuple[Span, ...]


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


def own_document(capture: Capture) -> tuple[str, str]:
    """Return (hash, charset) of what the requested address itself answered; ("", "") when that is not kept."""
    if capture.source_sha256:
        return capture.source_sha256, capture.source_charset
    return (capture.html_sha256, capture.charset) if capture.final_url == capture.url else ("", "")


def find_excerpt(
    source: str, raw: str, text: str = "", snippet: str = "", *, hidden: str | None = None, earlier: int = 0
) -> Excerpt | None:
    """Return where an address stands as written. Pure.

    Of several places it is one with the link's text behind it, and of these one in an element with the attributes of
    the snippet. `hidden`: how it is hidden. `earlier`: how many references that look the same stand before this one on
    the page.
    """
    written = [form for form in dict.fromkeys((raw, escape(raw, quote=False), escape(raw))) if form]
    for form in written:
        places = _places(source, form)
        if places:
            likely = _likeliest(source, places, text, snippet)
            place = likely[min(earlier, len(likely) - 1)]
            return _excerpt(source, Span(place, place + len(form)), hidden)
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
    """Return the start tag around a place, as far as it is near; "" in the text behind one."""
    start, end = source.rfind("<", max(0, place - NEAR), place), source.find(">", place, place + NEAR)
    if start >= 0 and source.find(">", start, place) >= 0:
        return ""
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


def _excerpt(source: str, place: Span, hidden: str | None) -> Excerpt:
    """Begin and end where tags do, so that none is cut; where none does near, amid the text."""
    around = surroundings_of(source, place, hidden)
    marked, at = around.marked, around.element.start
    first, last = marked[0].start - AROUND, max(mark.end for mark in marked) + AROUND
    start = min((border for border in around.borders if first <= border <= marked[0].start), default=first)
    end = max((border for border in around.borders if last - AROUND <= border <= last), default=last)
    start = 0 if first <= 0 else start
    end = len(source) if last >= len(source) else end
    return Excerpt(
        source[start:end],
        start,
        line=source.count("\n", 0, at) + 1,
        column=at - source.rfind("\n", 0, at),
        marks=tuple(Span(mark.start - start, mark.end - start) for mark in marked),
    )


def screenshots_of(reader: EvidenceReader, site: Site, found: Sequence[Row[Any]]) -> dict[str, str]:
    """Return the hashes of screenshots by the `violation_id` of these rows of `findings`, "" where there is none: of
    the page where the content was seen; of a third party another page stands for it.
    """
    foreign = [item.domain for item in found if not site.owns(item.domain)]
    captured = reader.capture_fields_of(foreign) if foreign else {}
    return {
        item.violation_id: _own(reader, item.url)
        if site.owns(item.domain)
        else screenshot_of(captured.get(item.domain, ()), item.url, item.content_hosts)
        for item in found
    }


def _own(reader: EvidenceReader, url: str) -> str:
    capture = reader.capture_at(host_in(url), url)
    return "" if capture is None else capture.screenshot_sha256


def screenshot_of(captures: Sequence[Mapping[str, Any]], url: str, content_hosts: Collection[str] | None) -> str:
    """Return the hash of the screenshot among the captures of a domain that shows a finding seen at `url`; "" if there
    is none. A host that the finding does not accuse stands for no other.
    """
    cleared = cleared_hosts(captures, None if content_hosts is None else frozenset(content_hosts))
    shown = [item for item in captures if item.get("screenshot_sha256") and item.get("host") not in cleared]
    shown.sort(key=lambda capture: url not in (capture.get("final_url"), capture.get("url")))
    return str(shown[0]["screenshot_sha256"]) if shown else ""
