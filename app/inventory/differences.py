"""What differs between two scans of a site: made once, when it is first asked for, and kept (ADR 0074)."""

import asyncio
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Connection, Row

from app.core.clock import Clock, to_wire
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from app.core.heap import without_collection
from app.core.json_chunks import Json, JsonChunks, encode_list
from app.core.paging import Paging
from app.core.principal import Principal
from app.core.redact import display_text
from app.domain.difference_texts import DifferenceTexts
from app.domain.differences import NO_CHANGES, Change, Difference, Section, counts_of
from app.domain.party_changes import Aspect
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.domain.verdict import is_conclusive
from app.inventory.comparer import VERSION, VERSIONS, ScanComparer
from app.inventory.queries import differences as queries
from app.inventory.queries import parties
from app.inventory.queries.differences import Pair, RunKey
from app.scans.result_reader import ResultReader, require_results
from app.scans.serialisers import optional_to_wire, serialise_verdict
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores

THREADS: Final = 2  # a comparison of large scans takes seconds, and as much memory as both name
MAX_KEPT: Final = 20_000  # differences; beyond, the less urgent ones are counted alone
COMPRESSION: Final = 6  # zlib's own choice

MAX_COMPARED: Final = 500  # stored comparisons of a site, from which its history is written after an upgrade

_IN_HISTORY: Final = (Section.CONTENT, Section.CERTIFICATES)
_OF_PARTIES: Final = frozenset({Section.CONTENT, Section.THIRD_PARTIES})
_TEXTS: Final = ("name", "aspect", "before", "after", "page", "url")  # of a difference
_TIMES: Final = ("first_seen_at", "last_seen_at")

T = TypeVar("T")
RunChanges = tuple[Row[Any], list[Json]]  # (task_id, run, attempt, completed_at), and what differs from before it
OnCompared = Callable[[Mapping[str, Mapping[str, int]] | None], None]


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences a list has. None does not filter."""

    section: Section | None = None
    change: Change | None = None


ALL: Final = DifferenceFilter()


@dataclass(frozen=True, slots=True)
class _Kept:
    """`body`: the differences by gzip, a line of JSON each. They are many, and are decoded in a thread."""

    counts: Mapping[str, Mapping[str, int]]
    body: bytes = b""

    @classmethod
    def pack(cls, counts: Mapping[str, Mapping[str, int]], items: Iterable[Json]) -> "_Kept":
        return cls(counts, gzip.compress(b"\n".join(map(orjson.dumps, items)), COMPRESSION))

    @property
    def total(self) -> int:
        """Return how many there are, with those that are counted alone."""
        return sum(number for changes in self.counts.values() for number in changes.values())

    def has(self, only: DifferenceFilter) -> bool:
        sections = self.counts if only.section is None else [only.section]
        return any(
            number and only.change in (None, change)
            for section in sections
            for change, number in self.counts.get(section, {}).items()
        )

    def items(self) -> Iterator[Json]:
        """Yield the differences; those that nobody takes are not decoded."""
        with gzip.open(BytesIO(self.body)) as lines:
            yield from map(orjson.loads, lines)


@dataclass(frozen=True, slots=True)
class PartyChanges:
    """What has changed about third parties. `changed`: differences of owner, content or certificates, as they are kept,
    each with its third party (`domain`). What findings say of the content is left out: findings are told of themselves,
    with what was decided about them. `gone`: domains.
    """

    changed: Sequence[Json] = ()
    gone: Sequence[str] = ()


class DifferenceService:
    """Every method raises NotFound for what the principal may not see. `wanted`: see `shown_run`."""

    def __init__(
        self,
        *,
        db: Database,
        stores: ScanStores,
        targets: TargetParser,
        clock: Clock,
        on_compared: OnCompared = lambda _: None,
    ) -> None:
        """`on_compared` is called once for each comparison, from any thread, with the counts of its differences by
        section and change; None: results cannot be read.
        """
        self._db = db
        self._results = ResultReader(db=db, stores=stores, threads=THREADS, name="differences")
        self._comparer = ScanComparer(db=db, targets=targets)
        self._clock = clock
        self._on_compared = on_compared

    def close(self) -> None:
        """Waits for what is being read."""
        self._results.close()

    async def read(
        self,
        principal: Principal,
        wanted: RunRef,
        against: RunRef | None,
        *,
        language: str,
        paging: Paging,
        only: DifferenceFilter,
    ) -> JsonChunks:
        """Return `inventory.schemas.DifferencePage`. `against` None: the newest conclusive scan before.

        Raises:
            Conflict: `scan_not_ended`.
            InvalidInput: `against_other_target`.
            Unavailable: results are missing or cannot be read.
        """
        row, other = await self._db.read(lambda c: _find_both(c, principal, wanted, against))

        def find(kept: _Kept) -> tuple[list[Json], int, Json]:
            return *_page(kept, paging, only), _head(row, other, kept)

        items, total, head = find(_Kept({})) if other is None else await self._use(principal, row, other, find)

        def encode(connection: Connection) -> JsonChunks:
            texts = DifferenceTexts(language)
            dated = _with_times(connection, row, items)
            return encode_list((texts.view(item) for item in dated), total=total, **head)

        return await self._db.read(encode)

    async def changed_parties(self, owner_id: str, run: RunRef, against: RunRef) -> PartyChanges:
        """Return what has changed about third parties, from at most MAX_KEPT differences.

        Against the newest conclusive scan before where `against` is gone, and nothing where there is no such scan.
        Raises NotFound, Conflict and Unavailable as `read` does.
        """
        owner = Principal(owner_id, "", "user")
        try:
            row, other = await self._db.read(lambda c: _find_both(c, owner, run, against))
        except NotFound:
            row, other = await self._db.read(lambda c: _find_both(c, owner, run, None))
        if other is None:
            return PartyChanges()
        return await self._use(owner, row, other, partial(self._party_changes, target=row.target_domain))

    async def stored_changes(self, owner_id: str, target: str) -> list[RunChanges]:
        """Return changes of third parties from the comparisons of a site's scans that are stored, for the newest scans.
        Of several comparisons of a scan it is that with the newest scan before. Nothing is compared.
        """
        newest: dict[tuple[str, int], tuple[int, Row[Any]]] = {}  # the last one is kept
        for version in VERSIONS:
            of_site = partial(queries.compared, owner_id=owner_id, target=target, version=version, limit=MAX_COMPARED)
            newest |= {(row.task_id, row.run): (version, row) for row in await self._db.read(of_site)}
        found = []
        for version, row in newest.values():
            pair = Pair(RunKey(row.task_id, row.run), RunKey(row.against_task_id, row.against_run))
            kept = await self._db.read(partial(queries.find, pair=pair, version=version))
            if kept is not None:
                changes = await asyncio.to_thread(self._changed_parties, _Kept(*kept), target)
                found.append((row, changes))
        return found

    def _party_changes(self, kept: _Kept, target: str) -> PartyChanges:
        is_listed = kept.has(DifferenceFilter(Section.THIRD_PARTIES))
        gone = [item["name"] for item in kept.items() if _is_gone(item)] if is_listed else ()
        return PartyChanges(self._changed_parties(kept, target), gone)

    def _changed_parties(self, kept: _Kept, target: str) -> list[Json]:
        wanted = [DifferenceFilter(section, Change.CHANGED) for section in _IN_HISTORY]
        own, found = self._comparer.registrable_of(target), []
        for item in kept.items() if any(map(kept.has, wanted)) else ():
            if item["change"] != Change.CHANGED or item["section"] not in _IN_HISTORY:
                continue
            of_host = item["section"] == Section.CERTIFICATES
            domain = self._comparer.registrable_of(item["name"]) if of_host else item["name"]
            if item["aspect"] != Aspect.JUDGEMENT and domain != own:
                found.append({**item, "domain": domain})
        return found

    async def _use(self, principal: Principal, row: TaskRow, other: TaskRow, use: Callable[[_Kept], T]) -> T:
        """Return what `use` makes of the difference, in the thread that has read or made it."""
        pair = Pair(RunKey(row.id, row.run), RunKey(other.id, other.run))

        def use_found(connection: Connection) -> T | None:
            found = queries.find(connection, pair, VERSION)
            return None if found is None else use(_Kept(*found))

        made = await self._db.read(use_found)
        if made is not None:
            return made
        ref = RunRef(row.id, row.attempt)
        try:
            return await self._results.read(
                principal, ref, lambda shown, reader: use(self._make(pair, shown, reader, other))
            )
        except Unavailable:
            self._on_compared(None)
            raise

    def _make(self, pair: Pair, row: TaskRow, reader: EvidenceReader, other: TaskRow) -> _Kept:
        """Look again behind the user's turn: of many tabs that ask at once, the first compares."""
        found = self._db.read_sync(lambda c: queries.find(c, pair, VERSION))
        if found is not None:
            return _Kept(*found)
        with self._results.open(other) as other_reader, without_collection():
            require_results(other, other_reader)
            differences = self._comparer.compare(other, other_reader, row, reader)
            kept = _Kept.pack(counts_of(differences), _json(differences[:MAX_KEPT], other, row))
        at = self._clock.now()

        def keep(connection: Connection) -> bool:
            return queries.put(connection, pair, VERSION, at=at, counts=kept.counts, body=kept.body)

        if self._db.write_sync(keep):  # False: somebody has kept the same meanwhile
            self._on_compared(kept.counts)
        return kept


def _page(kept: _Kept, paging: Paging, only: DifferenceFilter) -> tuple[list[Json], int]:
    """Return the differences of a page, and how many there are on all pages."""
    first, end = paging.offset, paging.offset + paging.page_size
    if not kept.has(only):
        return [], 0
    if only == ALL and not paging.q:
        return list(islice(kept.items(), first, end)), min(kept.total, MAX_KEPT)
    page, total = [], 0
    for item in kept.items():
        if _is_wanted(item, paging.q, only):
            if first <= total < end:
                page.append(item)
            total += 1
    return page, total


def _is_gone(item: Json) -> bool:
    """Return whether it is a third party whose places were checked and no longer have it."""
    is_rotating = item["change"] == Change.ROTATING and not item["after"]
    return item["section"] == Section.THIRD_PARTIES and (is_rotating or item["change"] == Change.GONE)


def _find_both(
    connection: Connection, principal: Principal, wanted: RunRef, against: RunRef | None
) -> tuple[TaskRow, TaskRow | None]:
    row = find_shown(connection, wanted, principal)
    if row.completed_at is None:
        raise Conflict(code="scan_not_ended")
    if against is None:
        earlier = queries.predecessor(connection, row)
        against = None if earlier is None else RunRef(*earlier)
    if against is None:
        return row, None
    other = find_shown(connection, against, principal)
    if other.completed_at is None:
        raise Conflict(code="scan_not_ended")
    if other.target_domain != row.target_domain:
        raise InvalidInput(code="against_other_target")
    return row, other


def _json(found: Iterable[Difference], other: TaskRow, row: TaskRow) -> Iterator[Json]:
    """Yield them as they are kept. `first_seen_at` null: it is older than both scans."""
    before, now = optional_to_wire(other.completed_at), optional_to_wire(row.completed_at)
    for item in found:
        is_back = item.change is Change.BACK or (item.change is Change.ROTATING and bool(item.after))
        is_there = is_back or item.change in (Change.NEW, Change.CHANGED)
        yield {
            "section": item.section,
            "change": item.change,
            **{name: display_text(value) if (value := getattr(item, name)) else "" for name in _TEXTS},
            "was_read": item.was_read,
            "is_unconfirmed": item.is_unconfirmed,
            "first_seen_at": now if item.change is Change.NEW else None,
            "last_seen_at": now if is_there else before,
        }


def _with_times(connection: Connection, row: TaskRow, items: Sequence[Json]) -> Iterator[Json]:
    """Yield the differences; when a third party was first and last seen is what the inventory says, if it lists it."""
    names = {item["name"] for item in items if item["section"] in _OF_PARTIES}
    seen = parties.seen_times(connection, (row.user_id, row.target_domain), names)
    for item in items:
        known = seen.get(item["name"]) if item["section"] in _OF_PARTIES else None
        times = {} if known is None else {name: to_wire(getattr(known, name)) for name in _TIMES}
        yield {**item, **times}


def _is_wanted(item: Json, q: str, only: DifferenceFilter) -> bool:
    if only.section is not None and item["section"] != only.section:
        return False
    if only.change is not None and item["change"] != only.change:
        return False
    needle = q.casefold()
    return not needle or any(needle in str(item[name]).casefold() for name in ("name", "page", "url"))


def _head(row: TaskRow, other: TaskRow | None, kept: _Kept) -> Json:
    numbers = [(change, number) for changes in kept.counts.values() for change, number in changes.items()]
    return {
        "scan": _scan(row),
        "against": None if other is None else _scan(other),
        "counts": kept.counts,
        "changes": sum(number for change, number in numbers if change not in NO_CHANGES),
        "not_seen": sum(number for change, number in numbers if change == Change.NOT_SEEN),
        "rotating": sum(number for change, number in numbers if change == Change.ROTATING),
        "truncated": kept.total > MAX_KEPT,
    }


def _scan(row: TaskRow) -> Json:
    return {
        "task_id": row.id,
        "attempt": row.attempt,
        "status": row.status,
        "completed_at": optional_to_wire(row.completed_at),
        "conclusive": is_conclusive(row.status, row.verdict),
        "verdict": serialise_verdict(row.verdict),
    }
