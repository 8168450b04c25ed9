"""From a page as a browser drew it to references: what its source does not say already. Pure.

A request has the kind `loaded:` and what was loaded, and says in its snippet who had it loaded, nearest first. What
stands in the drawn document has the kind `drawn:` and that of the place.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign, sign_of
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.model import Reference, Relation
from app.engines.urls import host_of

LOADED: Final = "loaded:"
DRAWN: Final = "drawn:"
BEFORE: Final = " < "  # between who had something loaded and who had that one loaded
MAX_INITIATOR: Final = 300  # characters of one of them
MAX_NEW: Final = 2_000  # references of one page that its source does not have: some 20 ms
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


def drawn_references(
    page_url: str,
    *,
    known: frozenset[int],
    requests: Sequence[LoadedRequest],
    documents: Iterable[Iterable[Reference]],
    is_own: Callable[[str], bool],
) -> list[Reference]:
    """Return what is new. `known`: `source_keys`; `documents`: what the drawn page and each of its frames refer to."""
    loaded = list(_of_requests(page_url, known, requests, is_own))
    named = {reference.url for reference in loaded}
    found = dict.fromkeys((*loaded, *islice(_of_documents(page_url, known, named, documents), MAX_NEW)))
    return list(found)


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
            f"{LOADED}{request.kind}",
            snippet=BEFORE.join(initiator[:MAX_INITIATOR] for initiator in request.initiators),
        )


def _relation_of(kind: str) -> Relation:
    if kind == _PAGE:
        return Relation.REDIRECT
    return Relation.SCRIPT if kind in _CODE else Relation.EMBED


def _of_documents(
    page_url: str, known: frozenset[int], named: set[str], documents: Iterable[Iterable[Reference]]
) -> Iterator[Reference]:
    """Yield what only the drawn documents say, but for what a request says better: that it was made."""
    for reference in (reference for document in documents for reference in document):
        if key_of(reference) in known:
            continue
        sign = sign_of(reference.kind)
        if sign is not None:
            if sign not in _USUAL:
                yield replace(reference, page_url=page_url, url=page_url)
        elif reference.relation is Relation.MENTION:
            continue
        elif reference.relation is Relation.LINK or reference.hidden is not None or reference.url not in named:
            yield replace(reference, page_url=page_url, kind=f"{DRAWN}{reference.kind}", repeats=0)
