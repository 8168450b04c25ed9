"""Compares the results of two scans of a site, which takes seconds for large ones. Blocking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from app.core.db import Database
from app.core.errors import Unavailable
from app.domain.differences import Change, Difference, Section, compare, counts_of, unmatched
from app.domain.inventory import FindingKey, Inventory, Risk
from app.domain.rechecks import is_unconfirmed
from app.domain.targets import TargetParser
from app.domain.task_row import TaskRow
from app.findings.queries import findings
from app.inventory.earlier_findings import predecessor_of
from app.inventory.loader import InventoryLoader, registrable_by
from app.inventory.memories import Recall
from app.inventory.queries import differences as queries
from app.inventory.queries.differences import Pair, RunKey
from app.scans.result_reader import ResultReader, require_results
from app.scans.serialisers import optional_to_wire
from app.scanstore.errors import ScanStoreError
from app.scanstore.evidence_reader import EvidenceReader

VERSION: Final = 3  # of the comparison and of what is kept of it: what another version has kept is made anew
VERSIONS: Final = (2, VERSION)  # whose differences of owner, content and certificates are kept alike


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanges:
    """How the findings of a scan differ from those of the one before. `counts` None: its results cannot be read."""

    completed_at: str | None  # of the scan before, as on the wire
    counts: Mapping[str, int] | None  # by `domain.differences.Change`
    unchanged: int = 0


class ScanComparer:
    """Of one database. May be used from several threads."""

    def __init__(self, *, db: Database, targets: TargetParser) -> None:
        self._db = db
        self._targets = targets
        self.registrable_of = registrable_by(targets)

    def compare(
        self, other: TaskRow, other_reader: EvidenceReader, row: TaskRow, reader: EvidenceReader
    ) -> list[Difference]:
        """Return what differs between `other`, the earlier one, and `row`. Raises ScanStoreError."""
        site = self._targets.parse(row.target_domain).registrable
        old, new = (
            InventoryLoader(one, site=site, registrable_of=self.registrable_of) for one in (other_reader, reader)
        )
        before, after = self._load(old, other, site), self._load(new, row, site)
        before = self._recalled(before, after, other, row)
        before, after = (
            old.with_places(before, unmatched(before, after)),
            new.with_places(after, unmatched(after, before)),
        )
        return compare(_rendered(old, before, after), _rendered(new, after, before))

    def finding_changes(self, row: TaskRow, reader: EvidenceReader, results: ResultReader) -> FindingChanges | None:
        """Compare the findings with those of the newest conclusive scan before; None: there is none. Writes nothing."""
        other = self._db.read_sync(partial(predecessor_of, row=row))
        if other is None:
            return None
        ended = optional_to_wire(other.completed_at)
        try:
            counts = self._kept_counts(row, other)
            if counts is None:  # {}: nothing differs
                counts = self._counts(row, reader, other, results)
        except (ScanStoreError, Unavailable):
            return FindingChanges(completed_at=ended, counts=None)
        of_findings = counts.get(Section.FINDINGS, {})
        in_all = sum(not is_unconfirmed(found.reasons) for found in self._rows(row))
        others = of_findings.get(Change.NEW, 0) + of_findings.get(Change.CHANGED, 0)
        return FindingChanges(completed_at=ended, counts=of_findings, unchanged=in_all - others)

    def _kept_counts(self, row: TaskRow, other: TaskRow) -> Mapping[str, Mapping[str, int]] | None:
        pair = Pair(RunKey(row.id, row.run), RunKey(other.id, other.run))
        kept = self._db.read_sync(lambda c: queries.find(c, pair, VERSION))
        return None if kept is None else kept[0]

    def _counts(
        self, row: TaskRow, reader: EvidenceReader, other: TaskRow, results: ResultReader
    ) -> Mapping[str, Mapping[str, int]]:
        with results.open(other) as other_reader:
            require_results(other, other_reader)
            return counts_of(self.compare(other, other_reader, row, reader))

    def _recalled(self, before: Inventory, after: Inventory, other: TaskRow, row: TaskRow) -> Inventory:
        """Return the earlier inventory with what the site remembers of third parties that one of the scans lacks, or
        of which the earlier one does not know all facts. A scan of another owner, or a later one that was named as the
        earlier one, has none of it.
        """
        is_same_site = (other.user_id, other.target_domain) == (row.user_id, row.target_domain)
        ended, now = other.completed_at, row.completed_at
        if ended is None or now is None or ended >= now or not is_same_site:
            return before
        recall = Recall(self._db, (row.user_id, row.target_domain), ended, now)
        known = recall.known(after.parties.keys() - before.parties.keys())
        rotating = recall.rotating(before.parties.keys() - after.parties.keys())
        completed = recall.completed(before.parties, after.parties)
        return replace(before, parties={**before.parties, **completed}, known=known, rotating=rotating)

    def _load(self, loader: InventoryLoader, row: TaskRow, site: str) -> Inventory:
        """A third party that was accused once, and not when its page was judged again a moment later, is compared
        without that finding, and without what the page showed then.
        """
        rows = self._rows(row)
        confirmed = [found for found in rows if not is_unconfirmed(found.reasons)]
        inventory = loader.load(self._findings(confirmed, site))
        rotating = {found.domain for found in rows if is_unconfirmed(found.reasons)} & inventory.parties.keys()
        unseen = {name: replace(inventory.parties[name], showings={}) for name in rotating}
        return replace(inventory, parties={**inventory.parties, **unseen}) if unseen else inventory

    def _rows(self, row: TaskRow) -> Sequence[Row[Any]]:
        return self._db.read_sync(lambda c: findings.of_run(c, row.id, row.run))

    def _findings(self, rows: Iterable[Row[Any]], site: str) -> dict[FindingKey, Risk]:
        return {
            (found.domain, found.cause): Risk(
                found.risk_level,
                found.url,
                found.page_url,
                is_own=found.domain == site or found.domain.endswith(f".{site}"),
            )
            for found in rows
        }


def _rendered(loader: InventoryLoader, seen: Inventory, had: Inventory) -> Inventory:
    """Return `seen` with what a browser has rendered among the pages that only a browser read in `had`."""
    places = (place for some in had.places.values() for place in some if place.is_rendered)
    return replace(seen, rendered=loader.rendered_among({place.page: place.page for place in places}))
