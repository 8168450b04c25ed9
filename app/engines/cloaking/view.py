"""Content of one visit: a response and its parsed content in, a comparable view out. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.domain.reference_kinds import redirect_kind
from app.domain.scan_facts import HopKind, Reference, Relation
from app.domain.tampering import sign_of
from app.engines.cloaking.page_sample import MAX_LINES
from app.engines.extract.page import Extraction
from app.engines.model import FetchResult
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_REFERENCES: Final = 2_000  # of one page that are compared: 20 ms of the scan's loop
_GOOD: Final = range(200, 300)
_GONE: Final = frozenset({404, 410})  # nothing is there: also something that can be compared
_FRAMES: Final = ("iframe", "frame", "object", "embed")
_COVERS: Final = re.compile(r"position\s?:\s?(?:fixed|absolute)", re.IGNORECASE)
_WHOLE: Final = re.compile(r"(?:100(?:%|vw|vh|dvh)|inset\s?:\s?0)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """What can be compared of one visit. Domains are registrable and foreign."""

    status: int
    was_shown: bool  # False: refused, broken, or not read; it says nothing
    title: str = ""
    text: str = ""  # that can be read, a line per block
    sent_to: str = ""  # foreign address that the visitor is sent to; "" for none
    sent_by: str = ""  # kind of the reference that sends
    signs: tuple[Reference, ...] = ()  # of tampering
    references: tuple[Reference, ...] = ()  # to foreign hosts, without signs
    by_relation: Mapping[Relation, Mapping[str, Reference]] = field(default_factory=dict)  # first of each domain

    @property
    def lines(self) -> dict[str, None]:
        """Title and lines of the text, in order, each once."""
        return dict.fromkeys((self.title, *self.text.split("\n")[:MAX_LINES]))

    @property
    def domains(self) -> frozenset[str]:
        """All foreign domains that it refers to."""
        return frozenset(domain for found in self.by_relation.values() for domain in found)

    def covers(self) -> Iterator[Reference]:
        """Yield frames that lie over the whole page."""
        for reference in self.by_relation.get(Relation.SCRIPT, {}).values():
            if reference.kind.startswith(_FRAMES) and _covers(reference.snippet):
                yield reference


NOTHING: Final = View(0, was_shown=False)


def _covers(snippet: str) -> bool:
    return _COVERS.search(snippet) is not None and _WHOLE.search(snippet) is not None


def view_of(result: FetchResult, found: Extraction | None, is_own: Callable[[str], bool]) -> View:
    """Return what a visit was shown. `found` None: no document, or one that could not be read."""
    if result.hops and found is None:
        target = result.hops[-1].location
        if not is_own(host_of(target)):
            return View(
                result.status, was_shown=True, sent_to=target, sent_by=redirect_kind(result.hops[-1].kind.value)
            )
    if found is None or result.error is not None or (result.status not in _GOOD and result.status not in _GONE):
        return View(result.status, was_shown=False)
    foreign = tuple(reference for reference in found.references if sign_of(reference.kind) is None)
    sent_to, sent_by = _sent(found, is_own)
    return View(
        status=result.status,
        was_shown=True,
        title=found.title,
        text=found.text,
        sent_to=sent_to,
        sent_by=sent_by,
        signs=tuple(reference for reference in found.references if sign_of(reference.kind) is not None),
        references=foreign,
        by_relation=_by_relation(foreign),
    )


def _sent(found: Extraction, is_own: Callable[[str], bool]) -> tuple[str, str]:
    for target, hop in ((found.meta_refresh, HopKind.META), (found.script_location, HopKind.SCRIPT)):
        if target and host_of(target) and not is_own(host_of(target)):
            return target, redirect_kind(hop.value)
    return "", ""


def _by_relation(references: tuple[Reference, ...]) -> dict[Relation, dict[str, Reference]]:
    found: dict[Relation, dict[str, Reference]] = {}
    for reference in references[:MAX_REFERENCES]:
        of_relation = found.setdefault(reference.relation, {})
        of_relation.setdefault(registrable_domain(host_of(reference.url)), reference)
    return found
