"""Collects the references of one page: resolves URLs once, separates own from foreign ones, describes the latter."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode

from app.domain.scan_facts import Reference, Relation
from app.engines.extract.element_description import MAX_TEXT, DomPaths, collapse_whitespace, snippet_of, text_of
from app.engines.extract.equal_references import EqualReferences
from app.engines.extract.hidden_elements import HiddenElements
from app.engines.extract.page_budget import PageBudget
from app.engines.extract.url_attributes import URL_ATTRIBUTES
from app.engines.html.charset import encode_query
from app.engines.urls import Base, host_of, host_of_serialised, is_possible, origin_of

MAX_URL: Final = 8_192  # characters of an address as written; servers take no more, and browsers little
MAX_LINKS: Final = 20_000  # own documents of one page
MAX_SHEETS: Final = 1_000  # own style sheets of one page; real ones name three to ten
_MAX_KIND: Final = 120
_MAX_REL: Final = 200
_SNIPPET: Final = "script:snippet"  # kind
MAX_REFERENCES: Final = 20_000  # of one page; the site of a link farm is found out long before
# With DOM path, snippet and text: 30 us each. As many hidden ones: a page must not bury them under others.
_MAX_DESCRIBED: Final = 3_000
_OTHER_URLS: Final = frozenset(URL_ATTRIBUTES["a"]) - {"href"}
_TEXT_OF: Final = frozenset({"a", "area", "button", "q", "blockquote"})  # elements whose text is an anchor text


@dataclass(slots=True)
class ReferenceCollector:
    """Collects what one page refers to. URLs resolve against `base_url`; `page_url` stands in every reference."""

    page_url: str
    base_url: str
    is_internal: Callable[[str], bool]
    charset: str = "utf-8"  # of the document: queries are sent in it
    references: EqualReferences = field(default_factory=lambda: EqualReferences(MAX_REFERENCES))
    links: dict[str, None] = field(default_factory=dict)  # own documents that may be crawled, without fragment
    canonical: str | None = None  # what the page calls itself
    own_hosts: set[str] = field(default_factory=set)  # own hosts in any reference or mention
    sheets: dict[str, None] = field(default_factory=dict)  # own style sheets
    _base: Base = field(init=False)
    _home: str = field(
        default="", init=False
    )  # origin of the page with its slash once it is known to be own: most links begin with it
    _is_home: bool = field(default=False, init=False)  # whether plain paths lead to the page's own origin
    _resolved: dict[str, tuple[str, bool] | None] = field(default_factory=dict)
    _hosts: dict[str, bool] = field(default_factory=dict)
    budget: PageBudget = field(default_factory=PageBudget.endless)
    is_cut: bool = field(default=False, init=False)  # its time was over before all of it was read
    is_hasty: bool = field(default=False, init=False)  # of some references nobody has looked whether they are seen
    _links_dropped: bool = False
    _mentioned: set[tuple[str, str]] = field(default_factory=set)

    @property
    def overflowed(self) -> bool:
        """Whether the page has more links or references than are kept, or than there was time for."""
        return self._links_dropped or self.references.overflowed or self.is_cut

    def __post_init__(self) -> None:
        self._base = Base(self.base_url)
        own = self._is_own(host_of(self.page_url))
        self._home = f"{origin_of(self.page_url)}/" if own else "-"  # no URL begins with a dash
        self._is_home = (self._base.join_plain("/a") or "").startswith(self._home)

    def may_read(self) -> bool:
        """Return whether there is time for more of the page; if not, the page counts as cut."""
        self.is_cut = self.is_cut or not self.budget.reads
        return not self.is_cut

    def may_describe(self) -> bool:
        """Return whether there is time to describe a reference; if not, nobody looks at the following ones either."""
        self.is_hasty = self.is_hasty or not self.budget.describes
        return not self.is_hasty

    def locate(self, raw: str) -> tuple[str, bool] | None:
        """Return (absolute URL, whether it is the site's own); None: it is no http(s) URL, or no host has this name."""
        raw = raw[:MAX_URL]  # a third party is known by its host, however long the rest is
        if raw in self._resolved:
            return self._resolved[raw]
        url = self._base.resolve(raw if raw.isascii() else encode_query(raw, self.charset))
        found = None if url is None else self._owned(url)
        self._resolved[raw] = found
        return found

    def _owned(self, url: str) -> tuple[str, bool] | None:
        if url.startswith(self._home):
            return url, True
        host = host_of_serialised(url)
        return (url, self._is_own(host)) if is_possible(host) else None

    def _is_own(self, host: str) -> bool:
        if host not in self._hosts:
            self._hosts[host] = own = self.is_internal(host)
            if own:
                self.own_hosts.add(host)
        return self._hosts[host]

    def follow(self, raw: str | None) -> str | None:
        """Note an own document for the crawler; returns the absolute URL of any document."""
        found = self.locate(raw) if raw else None
        if found is None:
            return None
        url, own = found
        if own:
            self.link(url)
        return url

    def take_plain_link(self, attributes: Mapping[str, str | None]) -> bool:
        """Note an own document that an `a` leads to by a plain path, as `locate` and `link` would; False: the element
        is to be read in full.
        """
        raw = attributes.get("href")
        if not raw or not self._is_home or len(raw) > MAX_URL or not _OTHER_URLS.isdisjoint(attributes):
            return False
        if (url := self._base.join_plain(raw)) is None:
            return False
        if url not in self.links:
            if "#" in url or len(self.links) >= MAX_LINKS:
                self.link(url)
            else:
                self.links[url] = None
        return True

    def link(self, url: str) -> None:
        """Note an own document, unless the page has too many."""
        address = url.partition("#")[0]
        if address in self.links:
            return
        if len(self.links) < MAX_LINKS:
            self.links[address] = None
        else:
            self._links_dropped = True

    def style(self, url: str) -> None:
        """Note an own style sheet, unless the page has too many."""
        if len(self.sheets) < MAX_SHEETS or url in self.sheets:
            self.sheets[url] = None
        else:
            self._links_dropped = True

    def add_plain(
        self, raw: str, relation: Relation, kind: str, *, snippet: str = "", rel: str = "", dom_path: str = ""
    ) -> None:
        """Add a reference that is no element's attribute: in a header, a style block, a script."""
        found = self.locate(raw)
        if found is not None and not found[1]:
            self.references.add(
                Reference(
                    self.page_url,
                    found[0],
                    raw[:MAX_URL],
                    relation,
                    kind[:_MAX_KIND],
                    dom_path=dom_path,
                    snippet=snippet[:MAX_TEXT],
                    rel=rel[:_MAX_REL],
                )
            )

    def add_snippet(self, raw: str, relation: Relation, *, snippet: str, dom_path: str) -> None:
        """Add what the snippet of a known service loads or speaks to, once for each page."""
        found = self.locate(raw)
        if found is not None and (found[0], _SNIPPET) not in self._mentioned:
            self._mentioned.add((found[0], _SNIPPET))
            self.add_plain(raw, relation, _SNIPPET, snippet=collapse_whitespace(snippet), dom_path=dom_path)

    def replace_mention(self, url: str, kind: str) -> None:
        """Leave out mentions of the absolute URL in such a place: a stronger reference says the same."""
        self._mentioned.add((url, kind[:_MAX_KIND]))

    def mention(self, raw: str, kind: str, *, snippet: str = "", dom_path: str = "") -> None:
        """Add a URL in text that is no markup; it is kept once for each kind of place on a page."""
        found = self.locate(raw)
        if found is None or found[1] or (found[0], kind) in self._mentioned:
            return
        self._mentioned.add((found[0], kind))
        snippet = collapse_whitespace(snippet)
        kind, raw = kind[:_MAX_KIND], raw[:MAX_URL]
        reference = Reference(self.page_url, found[0], raw, Relation.MENTION, kind, dom_path=dom_path, snippet=snippet)
        self.references.add(reference)


@dataclass(slots=True)
class ElementReferences:
    """Makes references of elements of one tree, with everything a person needs to find them again."""

    collector: ReferenceCollector
    hidden: HiddenElements
    paths: DomPaths = field(default_factory=DomPaths)
    _described: Counter[bool] = field(default_factory=Counter, init=False)  # by whether they are hidden

    def add(
        self, node: LexborNode, attributes: dict[str, str | None], url: str, raw: str, relation: Relation, kind: str
    ) -> None:
        """Add a reference from an element to a foreign URL."""
        rel = (attributes.get("rel") or "")[:_MAX_REL].lower()
        raw, page_url, references = raw[:MAX_URL], self.collector.page_url, self.collector.references
        if not self.collector.may_describe():
            references.add(Reference(page_url, url, raw, relation, kind, rel=rel))
            return
        hidden = None if relation is Relation.MENTION else self.hidden.kind_of(node)
        if references.count(url, kind, hidden, rel):
            return
        if self._described[hidden is not None] >= _MAX_DESCRIBED:
            references.add(Reference(page_url, url, raw, relation, kind, hidden=hidden, rel=rel))
            return
        self._described[hidden is not None] += 1
        text = text_of(node) if node.tag in _TEXT_OF else ""
        references.add(
            Reference(
                page_url=page_url,
                url=url,
                raw=raw,
                relation=relation,
                kind=kind,
                dom_path=self.paths.of(node),
                snippet=snippet_of(node, attributes, text),
                text=text,
                hidden=hidden,
                rel=rel,
            )
        )
