"""Gathers what one page refers to: resolves URLs once, parts own from foreign ones, describes the foreign."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.charset import encode_query
from app.engines.extract.element import MAX_TEXT, Paths, snippet_of, squeeze, text_of
from app.engines.extract.hidden import HiddenIndex
from app.engines.model import Reference, Relation
from app.engines.urls import Base, host_of, host_of_serialised, origin_of

MAX_URL: Final = 8_192  # characters of an address as written; servers take no more, and browsers little
MAX_LINKS: Final = 20_000  # own documents of one page
_MAX_KIND: Final = 120
_MAX_REL: Final = 200
MAX_REFERENCES: Final = 20_000  # of one page; the site of a link farm is found out long before
_MAX_DESCRIBED: Final = 3_000  # with DOM path, snippet and text: 30 us each
_TEXT_OF: Final = frozenset({"a", "area", "button", "q", "blockquote"})  # elements whose text is an anchor text


@dataclass(slots=True)
class Collector:
    """What one page refers to, growing. URLs resolve against `base_url`; `page_url` stands in every reference."""

    page_url: str
    base_url: str
    is_internal: Callable[[str], bool]
    charset: str = "utf-8"  # of the document: queries are sent in it
    references: list[Reference] = field(default_factory=list)
    links: dict[str, None] = field(default_factory=dict)  # own documents that may be crawled, without fragment
    own_hosts: set[str] = field(default_factory=set)  # own hosts in any reference or mention
    sheets: dict[str, None] = field(default_factory=dict)  # own style sheets
    _base: Base = field(init=False)
    _home: str = field(
        default="", init=False
    )  # origin of the page with its slash once it is known to be own: most links begin with it
    _resolved: dict[str, tuple[str, bool] | None] = field(default_factory=dict)
    _hosts: dict[str, bool] = field(default_factory=dict)
    _mentioned: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._base = Base(self.base_url)
        own = self._is_own(host_of(self.page_url))
        self._home = f"{origin_of(self.page_url)}/" if own else "-"  # no URL begins with a dash

    def locate(self, raw: str) -> tuple[str, bool] | None:
        """(absolute URL, whether it is the site's own); None for what is no http(s) URL."""
        raw = raw[:MAX_URL]  # a third party is known by its host, however long the rest is
        if raw in self._resolved:
            return self._resolved[raw]
        url = self._base.resolve(raw if raw.isascii() else encode_query(raw, self.charset))
        found = None if url is None else (url, url.startswith(self._home) or self._is_own(host_of_serialised(url)))
        self._resolved[raw] = found
        return found

    def _is_own(self, host: str) -> bool:
        if host not in self._hosts:
            self._hosts[host] = own = self.is_internal(host)
            if own:
                self.own_hosts.add(host)
        return self._hosts[host]

    def follow(self, raw: str | None) -> str | None:
        """Notes an own document for the crawler; gives the absolute URL of any document."""
        found = self.locate(raw) if raw else None
        if found is None:
            return None
        url, own = found
        if own:
            self.link(url)
        return url

    def link(self, url: str) -> None:
        """Notes an own document, unless the page has too many."""
        if len(self.links) < MAX_LINKS:
            self.links[url.partition("#")[0]] = None

    def add(self, reference: Reference) -> None:
        """Keeps a reference unless the page has too many."""
        if len(self.references) < MAX_REFERENCES:
            self.references.append(reference)

    def add_plain(self, raw: str, relation: Relation, kind: str, *, snippet: str = "", rel: str = "") -> None:
        """A reference outside any element: in a header, a style block."""
        found = self.locate(raw)
        if found is not None and not found[1]:
            self.add(
                Reference(
                    self.page_url,
                    found[0],
                    raw[:MAX_URL],
                    relation,
                    kind[:_MAX_KIND],
                    snippet=snippet[:MAX_TEXT],
                    rel=rel[:_MAX_REL],
                )
            )

    def mention(self, raw: str, kind: str, *, snippet: str = "", dom_path: str = "") -> None:
        """A URL in text that is no markup; the same one in the same kind of place is kept once per page."""
        found = self.locate(raw)
        if found is None or found[1] or (found[0], kind) in self._mentioned:
            return
        self._mentioned.add((found[0], kind))
        snippet = squeeze(snippet)
        kind, raw = kind[:_MAX_KIND], raw[:MAX_URL]
        self.add(Reference(self.page_url, found[0], raw, Relation.MENTION, kind, dom_path=dom_path, snippet=snippet))


@dataclass(slots=True)
class Describer:
    """Makes references of elements of one tree, with everything a person needs to find them again."""

    collector: Collector
    hidden: HiddenIndex
    paths: Paths = field(default_factory=Paths)

    def add(
        self,
        node: LexborNode,
        attributes: dict[str, str | None],
        url: str,
        raw: str,
        relation: Relation,
        kind: str,
    ) -> None:
        """Adds a reference from an element to a foreign URL."""
        rel = (attributes.get("rel") or "")[:_MAX_REL].lower()
        raw = raw[:MAX_URL]
        if len(self.collector.references) >= _MAX_DESCRIBED:
            self.collector.add(Reference(self.collector.page_url, url, raw, relation, kind, rel=rel))
            return
        text = text_of(node) if node.tag in _TEXT_OF else ""
        self.collector.add(
            Reference(
                page_url=self.collector.page_url,
                url=url,
                raw=raw,
                relation=relation,
                kind=kind,
                dom_path=self.paths.of(node),
                snippet=snippet_of(node, attributes, text),
                text=text,
                hidden=None if relation is Relation.MENTION else self.hidden.kind_of(node),
                rel=rel,
            )
        )
