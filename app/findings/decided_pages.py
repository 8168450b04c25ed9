"""The captured pages of findings about which people decided: what a local classifier learns from. Blocking."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Final, Protocol

from sqlalchemy import Row

from app.captures.port import ContentDamaged, ContentMissing
from app.core.db import Database
from app.domain.decisions import CONFIRMING, DecisionState
from app.domain.local_reading import LEARNT, DecidedPage
from app.domain.violations import Layer, ViolationKey
from app.findings.queries import decisions, violations
from app.scanstore.errors import ScanStoreError
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores

MAX_DECISIONS: Final = 50_000  # that are looked at
MAX_PAGES: Final = 4_000  # that are learnt from: a minute, and some hundred MB
MAX_TEXT_BYTES: Final = 64 << 10  # of a captured text that are kept in memory; the beginning of it is read
PER_DOMAIN: Final = 5  # pages: a domain that all refer to is one, and no more
SCANS: Final = 5  # of a target, the newest ones, in which the finding is looked for
CHUNK: Final = 500  # decisions of one read
_READ: Final = frozenset({Layer.TEXT, Layer.STRUCTURE, Layer.MODEL})  # what speaks of a page and not of a list


class Contents(Protocol):
    """Captured contents by hash."""

    def get(self, sha256: str) -> bytes:
        """Raises ContentMissing, ContentDamaged, ContentsUnavailable."""
        ...


@dataclass(slots=True)
class DecidedPages:
    """`pages` to learn from; of the other decisions, how many there are and why (`not_kept`, `repeated`, ...)."""

    pages: list[DecidedPage] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision, and what is to be learnt from it."""

    domain: str
    key: str
    cause: str  # "": the finding was dismissed


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedPageReader:
    """Over the scans of all users."""

    db: Database
    stores: ScanStores
    contents: Contents

    def read(self) -> DecidedPages:
        """Return at most `MAX_PAGES` pages, each text once: pages that are told by each other would flatter a model.

        Raises DatabaseUnavailable, and ContentsUnavailable: where the captures lie, nobody answers.
        """
        found = DecidedPages()
        by_text: dict[str, DecidedPage | None] = {}  # None: people decided one way and the other
        for (user_id, target), rows in groupby(self._decisions(), key=lambda row: (row.user_id, row.target_domain)):
            wanted = [one for row in rows if (one := _decided(row)) is not None]
            for page in self._of_target(user_id, target, wanted, found):
                _take(page, by_text, found)
            if len(by_text) >= MAX_PAGES:
                break
        found.pages = _few_of_each_domain([page for page in by_text.values() if page is not None], found)
        return found

    def _decisions(self) -> Iterator[Row[Any]]:
        after: Sequence[str] | None = None
        for _ in range(MAX_DECISIONS // CHUNK):
            chunk = self.db.read_sync(partial(decisions.chunk_after, after=after, limit=CHUNK))
            yield from chunk
            if len(chunk) < CHUNK:
                return
            after = tuple(chunk[-1])[:4]

    def _of_target(
        self, user_id: str, target: str, wanted: Sequence[_Decided], found: DecidedPages
    ) -> Iterator[DecidedPage]:
        """Yield the page of each finding, from the newest scan that has it and whose captures are still there."""
        missing = list(wanted)
        scans = self.db.read_sync(lambda c: decisions.scans_of_target(c, user_id, target, limit=SCANS))
        for scan in scans:
            if not missing:
                return
            try:
                with self.stores.reader(scan.id, scan.run) as reader:
                    pages = {item: self._page(reader, scan, item) for item in missing if reader.present}
            except ScanStoreError:
                continue
            yield from (page for page in pages.values() if page is not None)
            missing = [item for item in missing if pages.get(item) is None]
        found.left_out["not_kept"] += len(missing)

    def _page(self, reader: EvidenceReader, scan: Row[Any], wanted: _Decided) -> DecidedPage | None:
        rows = self.db.read_sync(lambda c: violations.of_domain(c, scan.id, scan.run, wanted.domain))
        row = next((row for row in rows if row.violation_key == wanted.key), None)
        if row is None or not all(item["layer"] in _READ for item in row.evidence):
            return None
        for capture in reader.captures_of(wanted.domain):
            if row.url in (capture.final_url, capture.url) and capture.text_sha256:
                text = self._text(capture.text_sha256)
                if text is not None:
                    return DecidedPage(wanted.domain, capture.title, text, wanted.cause, row.needs_review)
        return None

    def _text(self, sha256: str) -> str | None:
        try:
            return self.contents.get(sha256)[:MAX_TEXT_BYTES].decode("utf-8", "replace")
        except (ContentMissing, ContentDamaged):
            return None


def _decided(row: Row[Any]) -> _Decided | None:
    """Return what is to be learnt from a decision; None: nothing, it is open or about no page's words."""
    if row.cause not in LEARNT:
        return None
    if row.state in CONFIRMING:
        return _Decided(row.domain, row.cause, ViolationKey(row.cause).value)
    return _Decided(row.domain, row.cause, "") if row.state == DecisionState.DISMISSED else None


def _take(page: DecidedPage, by_text: dict[str, DecidedPage | None], found: DecidedPages) -> None:
    digest = hashlib.sha256(f"{page.title}\0{page.text}".encode("utf-8", "replace")).hexdigest()
    if digest not in by_text:
        by_text[digest] = page
        return
    known = by_text[digest]
    found.left_out["repeated"] += 1
    if known is not None and bool(known.cause) is not bool(page.cause):
        by_text[digest] = None
        found.left_out["contradictory"] += 1


def _few_of_each_domain(pages: Sequence[DecidedPage], found: DecidedPages) -> list[DecidedPage]:
    of_domain: dict[str, int] = defaultdict(int)
    kept: list[DecidedPage] = []
    for page in pages:
        of_domain[page.domain] += 1
        if of_domain[page.domain] <= PER_DOMAIN:
            kept.append(page)
    found.left_out["domain_full"] += len(pages) - len(kept)
    return kept
