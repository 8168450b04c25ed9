"""A parsed page of the target as the analysis sees it, and what was found on it as references of the page to itself."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, kind_of
from app.engines.analyse.own_site.tamper_match import TamperMatch
from app.engines.extract.hidden_elements import HiddenElements
from app.engines.extract.hidden_texts import hidden_texts, inline_scripts, seen_text
from app.engines.extract.page import Extraction, hidden_elements
from app.engines.html.document import HtmlDocument
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnLink, OwnPage
from app.engines.html.page_content import descriptions, read_words
from app.engines.html.visible_text import elements_inside
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

_HIDDEN: Final = marks(b"hidden")
_MAX_UNSEEN: Final = 20_000  # characters
_SCRIPT: Final = "script:disguised"
_LOCATION: Final = "script:location"
_INACTIVE: Final = "noscript:"


def own_page_of(document: HtmlDocument, found: Extraction, url: str, hidden: Sequence[HiddenElements] = ()) -> OwnPage:
    """Return what is judged; nothing is looked for yet. `hidden`: of each tree; without it sheets are not looked at."""
    hidden = hidden or hidden_elements(document, url)
    return OwnPage(
        url=url,
        title=found.title,
        text=found.text,
        meta=descriptions(document),
        markup=document.markup,
        marks=document.marks,
        unseen=_unseen_text(document),
        links=cache(lambda: [_link(reference) for reference in found.references if _is_link(reference)]),
        seen_text=lambda: seen_text(hidden),
        hidden_texts=lambda: hidden_texts(hidden),
        scripts=lambda: inline_scripts(document),
        content=lambda: read_words(document),
    )


def _unseen_text(document: HtmlDocument) -> str:
    """Return the text of the elements with the attribute `hidden`; nested ones are part of their ancestor's text."""
    texts: list[str] = []
    length = 0
    taken: set[int] = set()
    for node in document.select("[hidden]", attributes=_HIDDEN):
        if node.mem_id in taken:
            continue
        taken |= elements_inside([node])
        texts.append(node.text())
        length += len(texts[-1]) + 1
        if length > _MAX_UNSEEN:
            break
    return "\n".join(texts)[:_MAX_UNSEEN]


def references_of(found: Iterable[TamperMatch], url: str) -> Iterator[Reference]:
    """Yield a reference for each sign, and for each address that a script leads to."""
    for item in found:
        yield Reference(
            page_url=url,
            url=url,
            raw=item.raw,
            relation=Relation.MENTION,
            kind=kind_of(item.sign),
            dom_path=item.dom_path,
            snippet=item.snippet,
            text=", ".join(item.terms),
            hidden=item.hidden,
        )
        is_redirect = item.sign is TamperSign.SCRIPT_REDIRECTS
        for address in item.leads_to:
            yield Reference(
                page_url=url,
                url=address,
                raw=address,
                relation=Relation.REDIRECT if is_redirect else Relation.SCRIPT,
                kind=_LOCATION if is_redirect else _SCRIPT,
                dom_path=item.dom_path,
                snippet=item.snippet,
            )


def _is_link(reference: Reference) -> bool:
    return reference.relation is Relation.LINK and bool(reference.text)


def _link(reference: Reference) -> OwnLink:
    domain = registrable_domain(host_of(reference.url))
    is_inactive = reference.kind.startswith(_INACTIVE)
    return OwnLink(
        reference.url, domain, reference.text, reference.dom_path, reference.raw, reference.hidden, is_inactive
    )
