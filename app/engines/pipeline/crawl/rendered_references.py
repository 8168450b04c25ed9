"""From a page as a browser rendered it to references: what its source does not say already. Pure.

A request has the kind `loaded:` and what was loaded, and `Reference.loaded_by` says who had it loaded. What stands in
the rendered document has the kind `drawn:` and that of the place. Where the browser shows what no reading of the
document says, it is `rendered:` for a link that is hidden, and `shown:` for one that seems hidden and is seen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from app.domain.reference_kinds import loaded_kind
from app.domain.rendered_links import RENDERED, SHOWN
from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, sign_of
from app.engines.capture.link_sight import KINDS, LinkSight
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.urls import host_of

IN_DOM: Final = "drawn:"
MAX_INITIATOR: Final = 300  # characters of one of them
MAX_NEW: Final = 2_000  # references of one page that its source does not have: some 20 ms
LINK: Final = "a[href]"  # the kind of what the browser was asked of
_HIDDEN: Final = (*sorted(KINDS), "script_made")
_CODE: Final = frozenset({"script", "frame"})
_PAGE: Final = "page"  # where the window is sent
# Services put frames over pages and beside them that nobody sees, by scripts, as a matter of course.
_USUAL: Final = frozenset({TamperSign.FRAME_COVERS, TamperSign.FRAME_UNSEEN})


def key_of(reference: Reference) -> int:
    """Return what tells a reference of the source from others."""
    return hash((reference.url, reference.kind, reference.hidden))


def source_keys(references: Iterable[Reference]) -> frozenset[int]:
    """Return what is known of a page by its source: its references, and the addresses that it makes a browser load."""
    keys: set[int] = set()
    for reference in references:
        keys.add(key_of(reference))
        if reference.relation not in (Relation.MENTION, Relation.LINK):
            keys.add(hash(reference.url.partition("#")[0]))
    return frozenset(keys)


def rendered_references(
    page_url: str,
    *,
    known: frozenset[int],
    requests: Sequence[LoadedRequest],
    documents: Sequence[Iterable[Reference]],
    is_own: Callable[[str], bool],
    sights: Sequence[LinkSight] = (),
) -> list[Reference]:
    """Return what is new.

    Args:
        page_url: the page.
        known: `source_keys`.
        requests: what it asked for.
        documents: what the rendered page, which is the first, and each of its frames refer to.
        is_own: whether a host is the site's.
        sights: links of the first document as the browser shows them.
    """
    proven = list(_as_seen(page_url, known, documents[0], settled(sights))) if documents and sights else []
    loaded = list(_of_requests(page_url, known, requests, is_own))
    named = {reference.url for reference in loaded}
    contradicted = frozenset(reference.url for reference in proven)
    in_dom = _of_documents(page_url, known, named, contradicted, documents)
    found = dict.fromkeys((*loaded, *proven, *islice(in_dom, MAX_NEW)))
    return list(found)


def settled(sights: Iterable[LinkSight]) -> dict[str, str]:
    """Return how the links to each address are hidden, "" when they are seen; without addresses that one of them is not
    sure of, or whose links differ.
    """
    found: dict[str, str | None] = {}
    for sight in sights:
        before = found.setdefault(sight.url, sight.kind)
        if not sight.is_sure or before is None or bool(before) != bool(sight.kind):
            found[sight.url] = None
    return {url: kind for url, kind in found.items() if kind is not None}


def _as_seen(
    page_url: str, known: frozenset[int], document: Iterable[Reference], seen: Mapping[str, str]
) -> Iterator[Reference]:
    """Yield links of which the browser shows the contrary of what was read, in the source or the rendered document."""
    for reference in document:
        kind = seen.get(reference.url) if reference.kind == LINK else None
        if kind is None:
            continue
        if kind and reference.hidden is None:
            yield replace(reference, page_url=page_url, kind=f"{RENDERED}{LINK}", hidden=kind, repeats=0)
        elif not kind and (reference.hidden is not None or _is_hidden_in_source(reference.url, known)):
            yield replace(reference, page_url=page_url, kind=f"{SHOWN}{LINK}", hidden=None, repeats=0)


def _is_hidden_in_source(url: str, known: frozenset[int]) -> bool:
    return any(hash((url, LINK, kind)) in known for kind in _HIDDEN)


def _of_requests(
    page_url: str, known: frozenset[int], requests: Sequence[LoadedRequest], is_own: Callable[[str], bool]
) -> Iterator[Reference]:
    for request in requests:
        url = request.web_url
        if not url or is_own(host_of(url)) or hash(url) in known:
            continue
        yield Reference(
            page_url,
            url,
            request.url,
            _relation_of(request.kind),
            loaded_kind(request.kind),
            loaded_by=tuple(initiator[:MAX_INITIATOR] for initiator in request.initiators),
        )


def _relation_of(kind: str) -> Relation:
    if kind == _PAGE:
        return Relation.REDIRECT
    return Relation.SCRIPT if kind in _CODE else Relation.EMBED


def _of_documents(
    page_url: str,
    known: frozenset[int],
    named: set[str],
    contradicted: frozenset[str],
    documents: Iterable[Iterable[Reference]],
) -> Iterator[Reference]:
    """Yield what only the rendered documents say, without what a request says better (that it was made) and links that
    the browser shows otherwise.
    """
    for reference in (reference for document in documents for reference in document):
        if key_of(reference) in known or (reference.kind == LINK and reference.url in contradicted):
            continue
        sign = sign_of(reference.kind)
        if sign is not None:
            if sign not in _USUAL:
                yield replace(reference, page_url=page_url, url=page_url)
        elif reference.relation is Relation.MENTION:
            continue
        elif reference.relation is Relation.LINK or reference.hidden is not None or reference.url not in named:
            yield replace(reference, page_url=page_url, kind=f"{IN_DOM}{reference.kind}", repeats=0)
