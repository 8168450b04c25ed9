"""One HTML page: bytes in, everything it refers to out. Pure; never raises, whatever the bytes are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from app.engines.extract.charset import decode
from app.engines.extract.collector import Collector
from app.engines.extract.headers import extract_headers
from app.engines.extract.nesting import split_nesting
from app.engines.extract.noscript import lift
from app.engines.extract.reader import Facts, Reader
from app.engines.extract.script import find_location
from app.engines.extract.tame import tame_markup
from app.engines.extract.visible import MAX_TEXT, needs_scripts
from app.engines.extract.xml import as_html, find_addresses, find_markup, find_sheets, is_xml
from app.engines.model import Reference, Relation
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, resolve

_THIN_FOR_SCRIPT: Final = 200  # characters of text below which a function's redirect is taken to be called


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a page says and where it leads. URLs are absolute."""

    title: str
    text: str  # visible, at most 100,000 characters, a line per block
    charset: str
    language: str  # the `lang` of the document, lower case, "" when it says none
    base_url: str
    canonical: str | None
    nofollow: bool
    noindex: bool
    next_url: str | None  # rel=next
    links: tuple[str, ...]  # own documents that a crawler may follow, without fragment; no filter by extension
    references: tuple[Reference, ...]  # to foreign hosts, at most 20,000
    own_hosts: tuple[str, ...]  # of the page and of any reference or mention: names for the discovery
    stylesheets: tuple[str, ...]  # own style sheets
    meta_refresh: str | None
    script_location: str | None  # where an inline script sends the window
    thin: bool  # an app shell, or next to no text: needs JavaScript


def extract(
    body: bytes,
    *,
    url: str,
    headers: Sequence[tuple[str, str]],
    is_internal: Callable[[str], bool] | None = None,
    sheets: Sequence[str] = (),
) -> Extraction:
    """Reads a page that came from `url`.

    Args:
        body: decoded content, as far as it was fetched.
        url: serialised URL that the body came from, after redirects.
        headers: of the answer, names lower case.
        is_internal: whether a host is the site's own; by default the page's registrable domain is. References are
            kept of foreign hosts alone.
        sheets: texts of the site's style sheets that are at hand; they only help to see what is hidden.
    """
    text, charset = decode(body, _header(headers, "content-type"))
    source = text if is_xml(_header(headers, "content-type"), text) else ""
    text, noscripts = lift(tame_markup(as_html(text) if source else text))
    pieces = split_nesting(text)
    trees = [LexborHTMLParser(piece) for piece in pieces]
    base_url = _base_of(trees[0], url)
    collector = Collector(url, base_url, is_internal or _same_owner(url), charset)
    facts = Facts()
    _read_headers(headers, url, collector, facts)
    readers = [Reader(tree, piece, collector, facts, sheets) for tree, piece in zip(trees, pieces, strict=True)]
    visible = "\n".join(filter(None, (reader.read() for reader in readers)))[:MAX_TEXT]
    for markup in noscripts:
        facts.noscript += markup
        readers[0].read_inside(markup, "noscript:")
    if source:
        _read_xml(source, collector, readers[0])
    location = _script_location(facts, collector, nested=len(visible) < _THIN_FOR_SCRIPT)
    return Extraction(
        title=facts.title,
        text=visible,
        charset=charset,
        language=facts.language,
        base_url=base_url,
        canonical=facts.canonical,
        nofollow=bool(facts.robots & {"nofollow", "none"}),
        noindex=bool(facts.robots & {"noindex", "none"}),
        next_url=facts.next_url,
        links=tuple(collector.links),
        references=tuple(collector.references),
        own_hosts=tuple(sorted(collector.own_hosts)),
        stylesheets=tuple(collector.sheets),
        meta_refresh=facts.meta_refresh,
        script_location=location,
        thin=needs_scripts(trees[0], visible, noscript=facts.noscript, has_scripts=facts.has_scripts),
    )


def _header(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key == name), "")


def _same_owner(url: str) -> Callable[[str], bool]:
    own = registrable_domain(host_of(url))
    return lambda host: registrable_domain(host) == own


def _base_of(tree: LexborHTMLParser, url: str) -> str:
    """What relative URLs resolve against: the first `base[href]`, itself relative to the page."""
    node = tree.css_first("base[href]")
    return (node is not None and resolve(url, node.attributes.get("href") or "")) or url


def _read_headers(headers: Sequence[tuple[str, str]], url: str, collector: Collector, facts: Facts) -> None:
    for reference in extract_headers(headers, url=url):
        collector.add_plain(
            reference.url, reference.relation, reference.kind, snippet=reference.snippet, rel=reference.rel
        )
        if "canonical" in reference.rel.split():
            facts.canonical = reference.url
        if reference.kind == "header:refresh":
            collector.follow(reference.url)
    for name, value in headers:
        if name == "x-robots-tag":
            facts.robots.update(value.lower().replace(",", " ").split())


def _read_xml(source: str, collector: Collector, reader: Reader) -> None:
    """What XML says otherwise than HTML would."""
    for raw in find_sheets(source):
        collector.add_plain(raw, Relation.EMBED, "xml:stylesheet", snippet=raw)
    for raw, element in find_addresses(source):
        collector.add_plain(raw, Relation.LINK, f"xml:{element}", snippet=raw)
        collector.follow(raw)
    reader.read_inside("\n".join(find_markup(source)), "feed:")


def _script_location(facts: Facts, collector: Collector, *, nested: bool) -> str | None:
    for script in facts.scripts:
        if (raw := find_location(script, nested=nested)) is not None and (url := collector.follow(raw)) is not None:
            collector.add_plain(raw, Relation.REDIRECT, "script:location", snippet=raw)
            return url
    return None
