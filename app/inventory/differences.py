"""What differs between two scans of a site: made once, when it is first asked for, and kept (ADR 0074)."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import orjson
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput, NotFound, ScannerError
from app.core.json_chunks import Json, JsonChunks, encode_list
from app.core.paging import Paging
from app.core.principal import Principal
from app.core.redact import display_text
from app.domain.difference_texts import DifferenceTexts
from app.domain.differences import Change, Difference, Section, compare, counts_of, unmatched
from app.domain.inventory import FindingKey, Inventory, Risk
from app.domain.party_changes import Aspect
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.domain.verdict import is_conclusive
from app.findings.queries import findings
from app.inventory.loader import InventoryLoader
from app.inventory.queries import differences as queries
from app.inventory.queries.differences import Pair, RunKey
from app.scans.result_reader import ResultReader, require_results
from app.scans.serialisers import optional_to_wire, serialise_verdict
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores

THREADS: Final = 2  # a comparison of large scans takes seconds, and as much memory as both name
VERSION: Final = 1  # of the comparison: what another version has kept is made anew
MAX_KEPT: Final = 20_000  # differences; beyond, the less urgent ones are counted alone


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences a list has. None does not filter."""

    section: Section | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    counts: Mapping[str, Mapping[str, int]]
    items: Sequence[Json]


NOTHING: Final = _Kept({}, ())


class DifferenceService:
    """Every method raises NotFound for what the principal may not see. `wanted`: see `shown_run`."""

    def __init__(self, *, db: Database, stores: ScanStores, targets: TargetParser, clock: Clock) -> None:
        self._db = db
        self._results = ResultReader(db=db, stores=stores, threads=THREADS, name="differences")
        self._targets = targets
        self._clock = clock

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
        kept = NOTHING if other is None else await self._kept(principal, row, other)
        chosen = [item for item in kept.items if _is_wanted(item, paging.q, only)]
        texts = DifferenceTexts(language)
        page = chosen[paging.offset : paging.offset + paging.page_size]
        return encode_list((texts.view(item) for item in page), total=len(chosen), **_head(row, other, kept))

    async def changed_parties(self, owner_id: str, run: RunRef, against: RunRef) -> list[Json]:
        """Return the differences of owner or content of third parties, as they are kept, at most MAX_KEPT. What
        findings say of the content is left out: findings are told of themselves, with what was decided about them.

        Against the newest conclusive scan before where `against` is gone, and none where there is no such scan. Raises
        NotFound, Conflict and Unavailable as `read` does.
        """
        owner = Principal(owner_id, "", "user")
        try:
            row, other = await self._db.read(lambda c: _find_both(c, owner, run, against))
        except NotFound:
            row, other = await self._db.read(lambda c: _find_both(c, owner, run, None))
        kept = NOTHING if other is None else await self._kept(owner, row, other)
        only = DifferenceFilter(Section.CONTENT, Change.CHANGED)
        return [item for item in kept.items if _is_wanted(item, "", only) and item["aspect"] != Aspect.JUDGEMENT]

    async def _kept(self, principal: Principal, row: TaskRow, other: TaskRow) -> _Kept:
        pair = Pair(RunKey(row.id, row.run), RunKey(other.id, other.run))
        found = await self._db.read(lambda c: queries.find(c, pair, VERSION))
        if found is not None:
            return _read(*found)
        ref = RunRef(row.id, row.attempt)
        return await self._results.read(principal, ref, lambda shown, reader: self._make(pair, shown, reader, other))

    def _make(self, pair: Pair, row: TaskRow, reader: EvidenceReader, other: TaskRow) -> _Kept:
        """Look again behind the user's turn: of many tabs that ask at once, the first compares."""
        found = self._db.read_sync(lambda c: queries.find(c, pair, VERSION))
        if found is not None:
            return _read(*found)
        with self._results.open(other) as other_reader:
            require_results(other, other_reader)
            differences = self._compare(other, other_reader, row, reader)
        kept = _Kept(counts_of(differences), [_json(item, other, row) for item in differences[:MAX_KEPT]])
        body, at = zlib.compress(orjson.dumps(kept.items)), self._clock.now()
        self._db.write_sync(lambda c: queries.put(c, pair, VERSION, at=at, counts=kept.counts, body=body))
        return kept

    def _compare(
        self, other: TaskRow, other_reader: EvidenceReader, row: TaskRow, reader: EvidenceReader
    ) -> list[Difference]:
        site = self._targets.parse(row.target_domain).registrable
        old, new = (
            InventoryLoader(one, site=site, registrable_of=self._registrable_of) for one in (other_reader, reader)
        )
        before, after = old.load(self._findings(other, site)), new.load(self._findings(row, site))
        before, after = (
            old.with_places(before, unmatched(before, after)),
            new.with_places(after, unmatched(after, before)),
        )
        return compare(_rendered(old, before, after), _rendered(new, after, before))

    def _findings(self, row: TaskRow, site: str) -> dict[FindingKey, Risk]:
        rows = self._db.read_sync(lambda c: findings.of_run(c, row.id, row.run))
        return {
            (found.domain, found.cause): Risk(
                found.risk_level,
                found.url,
                found.page_url,
                is_own=found.domain == site or found.domain.endswith(f".{site}"),
            )
            for found in rows
        }

    def _registrable_of(self, host: str) -> str:
        try:
            return self._targets.parse(host).registrable
        except ScannerError:  # an IP address, or a public suffix
            return host


def _read(counts: Mapping[str, Mapping[str, int]], body: bytes) -> _Kept:
    return _Kept(counts, orjson.loads(zlib.decompress(body)))


def _rendered(loader: InventoryLoader, seen: Inventory, had: Inventory) -> Inventory:
    """Return `seen` with what a browser has rendered among the pages that only a browser read in `had`."""
    places = (place for some in had.places.values() for place in some if place.is_rendered)
    return replace(seen, rendered=loader.rendered_among({place.page: place.page for place in places}))


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


def _json(item: Difference, other: TaskRow, row: TaskRow) -> Json:
    """`first_seen_at` null: it is older than both scans."""
    fields = {name: display_text(value) if isinstance(value, str) else value for name, value in asdict(item).items()}
    before, now = optional_to_wire(other.completed_at), optional_to_wire(row.completed_at)
    is_there = item.change in (Change.NEW, Change.CHANGED)
    first = now if item.change is Change.NEW else None
    return {**fields, "first_seen_at": first, "last_seen_at": now if is_there else before}


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
        "changes": sum(number for change, number in numbers if change != Change.NOT_SEEN),
        "not_seen": sum(number for change, number in numbers if change == Change.NOT_SEEN),
        "truncated": sum(number for _, number in numbers) > len(kept.items),
    }


def _scan(row: TaskRow) -> Json:
    return {
        "task_id": row.id,
        "attempt": row.attempt,
        "completed_at": optional_to_wire(row.completed_at),
        "conclusive": is_conclusive(row.status, row.verdict),
        "verdict": serialise_verdict(row.verdict),
    }
