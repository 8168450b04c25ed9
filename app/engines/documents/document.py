"""One document of any format: bytes in, all its references out. Never raises, except for memory."""

from collections.abc import Callable
from typing import Final

from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.kinds import Container, container_of
from app.engines.documents.links import DocumentFacts, DocumentLinks
from app.engines.documents.old_office import is_encrypted, read_old_office, read_rtf
from app.engines.documents.open_document import is_open_document, read_open_document
from app.engines.documents.open_xml import is_open_xml, read_open_xml
from app.engines.documents.pdf import read_pdf
from app.engines.documents.zip_parts import BROKEN, Encrypted, ZipParts

CPU_S: Final = 2.5  # after which what was found is all; the process that reads has more before it is ended


def read_document(
    body: bytes,
    *,
    url: str,
    is_own: Callable[[str], bool],
    with_texts: bool = True,
    budget: CpuBudget | None = None,
) -> DocumentFacts:
    """Read what a document from `url` leads to.

    Args:
        body: as far as it was fetched.
        url: serialised URL that it came from.
        is_own: whether a host is the site's own; references are kept of foreign ones alone.
        with_texts: whether running text is read, which takes most of the time.
        budget: of processor time.
    """
    links = DocumentLinks(url, is_own)
    budget = budget or CpuBudget(CPU_S)
    try:
        _read(body, links, budget, with_texts=with_texts)
    except Encrypted:
        links.problem = "encrypted"
    return links.facts()


def _read(body: bytes, links: DocumentLinks, budget: CpuBudget, *, with_texts: bool) -> None:
    match container_of(body):
        case Container.PDF:
            read_pdf(body, links, budget, with_texts=with_texts)
        case Container.ZIP:
            _read_zip(body, links, budget)
        case Container.OLE:
            if is_encrypted(body):
                raise Encrypted
            read_old_office(body, links)
        case Container.RTF:
            read_rtf(body, links)
        case None:
            links.problem = "unknown"


def _read_zip(body: bytes, links: DocumentLinks, budget: CpuBudget) -> None:
    try:
        parts = ZipParts(body)
    except BROKEN:
        links.problem = "broken"
        return
    if is_open_xml(parts):
        read_open_xml(parts, links, budget)
    elif is_open_document(parts):
        read_open_document(parts, links, budget)
    else:
        links.problem = "unknown"
    links.is_partial |= parts.is_cut
