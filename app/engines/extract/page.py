"""One HTML page: bytes in, all its references out. Pure; never raises for any bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.domain.scan_facts import Reference, Relation
from app.engines.extract.element_description import DomPaths, collapse_whitespace
from app.engines.extract.headers import extract_headers
from app.engines.extract.hidden_elements import HiddenElements
from app.engines.extract.page_budget import PageBudget
from app.engines.extract.page_styles import PageStyles
from app.engines.extract.reference_collector import ReferenceCollector
from app.engines.extract.style_sheet import StyleSheet
from app.engines.extract.tree_extractor import TreeExtractor
from app.engines.extract.xml import find_addresses, find_markup, find_sheets
from app.engines.html.document import HtmlDocument
from app.engines.html.marks import marks
from app.engines.html.redirects import meta_refreshes, parse_refresh, script_locations
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

Sheets = Mapping[str, Sequence[StyleSheet]]  # by URL, each after those that it imports
NO_SHEETS: Final[Sheets] = {}
# What runs, what others show in it, and sheets of others; data for search engines does not run.
_ACTIVE: Final = (
    'script:not([type="application/ld+json"]), iframe, frame, object, embed, [onload], [onerror],'
    ' link[rel~="stylesheet" i][href*="//"]'
)
_ACTIVE_TAGS: Final = ("script", "iframe", "frame", "object", "embed", "link")
_DATA: Final = marks(b"ld+json")
_ACTIVE_ATTRIBUTES: Final = marks(b"onload", b"onerror")
_THIN_FOR_SCRIPT: Final = 200  # characters of text below which a function's redirect is taken to be called


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a page says and where it leads. URLs are absolute."""

    title: str
    text: str  # visible, at most 100,000 characters, a line per block
    charset: str
    base_url: str
    canonical: str | None
    links: tuple[str, ...]  # own documents that a crawler may follow, without fragment; no filter by extension
    references: tuple[Reference, ...]  # to foreign hosts, at most 20,000
    own_hosts: tuple[str, ...]  # of the page and of any reference or mention: names for the discovery
    stylesheets: tuple[str, ...]  # own style sheets
    meta_refresh: str | None
    script_location: str | None  # where an inline script sends the window
    overflowed: bool = False  # it refers to more than is kept of one page, or than there was time for
    is_odd: bool = False  # a script of it may be worth a second look
    is_active: bool = False  # scripts, frames or sheets of others may load what it does not name
    # A style sheet that it names is not at hand, or there was no time to look: what it hides may not be known.
    is_unsure: bool = False
    # What a language model may be shown of it (`Excerpt.to_json`); None: nobody reads along, or a rule has found signs.
    excerpt: Sequence[Any] | None = None


def extract(
    body: bytes,
    *,
    url: str,
    headers: Sequence[tuple[str, str]],
    is_internal: Callable[[str], bool] | None = None,
    sheets: Sheets = NO_SHEETS,
) -> Extraction:
    """Extract what a page from `url` refers to.

    Args:
        body: decoded content, as far as it was fetched.
        url: serialised URL that the body came from, after redirects.
        headers: of the answer, names lower case.
        is_internal: whether a host is the site's own; by default the page's registrable domain is. References are
            kept of foreign hosts alone.
        sheets: the site's style sheets that are at hand; they only help to see what is hidden.
    """
    document = HtmlDocument.decode(body, content_type_of(headers))
    hidden = hidden_elements(document, url, sheets)
    return extract_document(document, url=url, headers=headers, is_internal=is_internal, hidden=hidden)


def hidden_elements(document: HtmlDocument, url: str, sheets: Sheets = NO_SHEETS) -> list[HiddenElements]:
    """Return what is hidden on each tree of a document from `url`, with the style sheets that are at hand."""
    styles = PageStyles.of(document.trees, document.base_url(url), sheets)
    return [HiddenElements(tree, styles) for tree in document.trees]


def extract_document(
    document: HtmlDocument,
    *,
    url: str,
    headers: Sequence[tuple[str, str]],
    is_internal: Callable[[str], bool] | None = None,
    hidden: Sequence[HiddenElements] = (),
    budget: PageBudget | None = None,
) -> Extraction:
    """Extract the same from a document that is parsed already, and of which it may be known what is hidden.

    `budget`: of processor time; None: as much as it takes.
    """
    hidden = hidden or hidden_elements(document, url)
    budget = budget or PageBudget.endless()
    is_own = is_internal or _same_owner(url)
    collector = ReferenceCollector(url, document.base_url(url), is_own, document.charset, budget=budget)
    _read_headers(headers, url, collector)
    extractors = [
        TreeExtractor(tree, piece, collector, document.inactive, of_tree)
        for tree, piece, of_tree in zip(document.trees, document.pieces, hidden, strict=True)
    ]
    for extractor in extractors:
        extractor.read()
    for markup in document.head_noscripts:
        extractors[0].read_inside(markup, "noscript:")
    if document.xml:
        _read_xml(document.xml, collector, extractors[0])
    meta_refresh, script_location = _meta_refresh(document, collector), _script_location(document, collector)
    return Extraction(
        title=collapse_whitespace(document.title),
        text=document.visible_text,
        charset=document.charset,
        base_url=collector.base_url,
        canonical=collector.canonical,
        links=tuple(collector.links),
        references=tuple(collector.references),
        own_hosts=tuple(sorted(collector.own_hosts)),
        stylesheets=tuple(collector.sheets),
        meta_refresh=meta_refresh,
        script_location=script_location,
        overflowed=collector.overflowed,
        is_active=_is_active(document),
        is_unsure=collector.is_hasty or not all(item.styles.complete for item in hidden),
    )


def content_type_of(headers: Sequence[tuple[str, str]]) -> str:
    """Return the header's value, "" without one."""
    return next((value for key, value in headers if key == "content-type"), "")


def _same_owner(url: str) -> Callable[[str], bool]:
    own = registrable_domain(host_of(url))
    return lambda host: registrable_domain(host) == own


def _read_headers(headers: Sequence[tuple[str, str]], url: str, collector: ReferenceCollector) -> None:
    for reference in extract_headers(headers, url=url):
        collector.add_plain(
            reference.url, reference.relation, reference.kind, snippet=reference.snippet, rel=reference.rel
        )
        if "canonical" in reference.rel.split():
            collector.canonical = reference.url
        if reference.kind == "header:refresh":
            collector.follow(reference.url)


def _read_xml(source: str, collector: ReferenceCollector, extractor: TreeExtractor) -> None:
    """Add references that XML has and HTML does not know."""
    for raw in find_sheets(source):
        collector.add_plain(raw, Relation.EMBED, "xml:stylesheet", snippet=raw)
    for raw, element in find_addresses(source):
        collector.add_plain(raw, Relation.LINK, f"xml:{element}", snippet=raw)
        collector.follow(raw)
    extractor.read_inside("\n".join(find_markup(source)), "feed:")


def _is_active(document: HtmlDocument) -> bool:
    if document.marks.isdisjoint(_DATA) and any("script" in tree.element_names for tree in document.trees):
        return True
    found = (tree.find_first(_ACTIVE, *_ACTIVE_TAGS, attributes=_ACTIVE_ATTRIBUTES) for tree in document.trees)
    return any(node is not None for node in found)


def _meta_refresh(document: HtmlDocument, collector: ReferenceCollector) -> str | None:
    refreshes = filter(None, map(parse_refresh, meta_refreshes(document)))
    return next(filter(None, (collector.follow(refresh.url) for refresh in refreshes)), None)


def _script_location(document: HtmlDocument, collector: ReferenceCollector) -> str | None:
    for raw, script in script_locations(document, nested=len(document.visible_text) < _THIN_FOR_SCRIPT):
        if (url := collector.follow(raw)) is not None:
            path = DomPaths().of(script)
            collector.add_plain(raw, Relation.REDIRECT, "script:location", snippet=raw, dom_path=path)
            return url
    return None
