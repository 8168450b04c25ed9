"""What one document leads to, as it is collected."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from app.domain.scan_facts import Reference, Relation
from app.engines.urls import host_of_serialised, is_possible, resolve

MAX_REFERENCES: Final = 5_000  # of one document
MAX_LINKS: Final = 5_000  # to own pages
MAX_URL: Final = 2_048  # characters
MAX_TEXT: Final = 200  # of a snippet or a link's text
_MAX_ADDED: Final = 20_000  # addresses that are looked at, whatever becomes of them: 10 us each
_AROUND: Final = 60  # characters before a URL in running text
_MAX_PLACE: Final = 120
MAX_TEXT_URLS: Final = 2_000  # of one text: they are merely mentioned, nobody can click them
# ASCII alone, as Chinese text goes on without a space behind an address. Every part has a bound.
_URL: Final = re.compile(
    r"(?<![a-z0-9@.-])(?:https?://|www\.)[a-z0-9][a-z0-9.-]{1,250}(?::\d{1,5})?(?:[/?#][!#-;=?-Z_a-z~]{0,2000})?",
    re.IGNORECASE,
)
_MAX_BRACKETS: Final = 10
_ENDS_SENTENCE: Final = ".,;:!?'"


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What was read of a document. URLs are absolute."""

    kind: str  # "pdf", "docx", "xls", ...; "": no document that is known
    title: str = ""
    links: tuple[str, ...] = ()  # own addresses, without fragment
    own_hosts: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()  # to foreign hosts
    is_partial: bool = False  # there is more in it than was read
    problem: str = ""  # why nothing or not all could be read: "encrypted", "broken"


@dataclass(slots=True)
class DocumentLinks:
    """Collects what a document leads to. `place` is "page:3", "slide:2" or "sheet:Name!A1"; "" when it is not known."""

    url: str
    is_own: Callable[[str], bool]
    kind: str = ""
    title: str = ""
    is_partial: bool = False
    problem: str = ""
    _found: dict[tuple[str, str, str], Reference] = field(default_factory=dict)
    _mentions: dict[tuple[str, str, str], Reference] = field(default_factory=dict)
    _links: dict[str, None] = field(default_factory=dict)
    _hosts: set[str] = field(default_factory=set)
    _added: int = 0

    def add(
        self,
        raw: str,
        where: str,
        *,
        relation: Relation = Relation.LINK,
        place: str = "",
        text: str = "",
        snippet: str = "",
    ) -> None:
        """Add an address that the document leads to; `where` in it: "link", "field", "image", ..."""
        self._added += 1
        if self._added > _MAX_ADDED:
            self.is_partial = True
            return
        raw = raw.strip()[:MAX_URL]
        url = self._located(raw)
        if url is None:
            return
        reference = Reference(
            self.url,
            url,
            _clean(raw),
            relation,
            f"{self.kind}:{where}",
            dom_path=_clean(place)[:_MAX_PLACE],
            snippet=_clean(snippet or raw)[:MAX_TEXT],
            text=_clean(text)[:MAX_TEXT],
        )
        if relation is Relation.MENTION:
            self._keep(self._mentions, (url, "", ""), reference)
        else:
            self._keep(self._found, (url, reference.kind, reference.dom_path), reference)

    def mention(self, text: str, where: str = "text", *, place: str = "") -> None:
        """Add the URLs that stand in a text, each once for the document."""
        for raw, position in find_urls(text) if self._added < _MAX_ADDED else ():
            around = text[max(0, position - _AROUND) : position + MAX_TEXT]
            self.add(raw, where, relation=Relation.MENTION, place=place, snippet=around)

    def facts(self) -> DocumentFacts:
        """Return everything; a URL that is merely mentioned is left out where something leads to it as well."""
        led_to = {url for url, _, _ in self._found}
        mentions = (reference for (url, _, _), reference in self._mentions.items() if url not in led_to)
        return DocumentFacts(
            self.kind,
            _clean(self.title)[:MAX_TEXT],
            tuple(self._links),
            tuple(sorted(self._hosts)),
            (*self._found.values(), *mentions),
            self.is_partial,
            self.problem,
        )

    def _located(self, raw: str) -> str | None:
        """Return the absolute URL of a foreign host. An own one is noted here."""
        url = resolve(self.url, f"http://{raw}" if raw[:4].lower() == "www." else raw)
        host = "" if url is None else host_of_serialised(url)
        if url is None or "." not in host or not is_possible(host):
            return None
        if not self.is_own(host):
            return url
        self._hosts.add(host)
        if len(self._links) < MAX_LINKS:
            self._links[url.partition("#")[0]] = None
        else:
            self.is_partial = True
        return None

    def _keep(
        self, kept: dict[tuple[str, str, str], Reference], key: tuple[str, str, str], reference: Reference
    ) -> None:
        if key in kept:
            return
        if len(self._found) + len(self._mentions) < MAX_REFERENCES:
            kept[key] = reference
        else:
            self.is_partial = True


def _clean(text: str) -> str:
    """One line that JSON can hold: no lone surrogates, which broken documents have."""
    return " ".join(text[: 4 * MAX_URL].encode("utf-8", "replace").decode().split())


def find_urls(text: str) -> Iterator[tuple[str, int]]:
    """Yield (address as written, position), at most `MAX_TEXT_URLS`."""
    for match in islice(_URL.finditer(text), MAX_TEXT_URLS):
        yield _trimmed(match[0]), match.start()


def _trimmed(found: str) -> str:
    """Without the end of the sentence or the bracket that it stands in."""
    found = found.rstrip(_ENDS_SENTENCE)
    for _ in range(min(found.count(")") - found.count("("), _MAX_BRACKETS)):
        if not found.endswith(")"):
            break
        found = found[:-1].rstrip(_ENDS_SENTENCE)
    return found
