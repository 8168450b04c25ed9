"""Lists the third parties of each site from its current results (`inventory.tables.site_parties`).

Requests do not read the stores of scans: when results change (a scan ends, is repeated or deleted), the list of the
site is written again, in batches of short transactions. A regular check of all sites finds changes that were missed or
precede an upgrade. If a newer scan shows another owner, content or certificate of a third party, this is added to the
third party's history; for the owner and the content, a row is added to the outbox for notifications as well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row

from app.core.aio import OnFailure, ThreadsEnded, count_nothing
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import NotFound, Unavailable
from app.core.json_chunks import Json
from app.core.lease import Lease, LeaseLost
from app.core.redact import display_text
from app.domain.differences import Section
from app.domain.inventory import Party, Showing
from app.domain.notifications import SHOWN_CHANGES
from app.domain.party_changes import Aspect
from app.domain.scan_facts import Relation
from app.domain.targets import TargetParser
from app.domain.tasks import TERMINAL
from app.events import outbox
from app.events.bus.base import Hint, TaskHint
from app.inventory.differences import PartyChanges, RunChanges
from app.inventory.loader import InventoryLoader, registrable_by, registration_and_title
from app.inventory.memories import Names, note_gone, own_text_of, remember, seen_once
from app.inventory.queries import changes, parties, services
from app.inventory.queries.parties import Stale
from app.scans.shown_run import RunRef
from app.scanstore.errors import ScanStoreError, StoreDamaged, StoreMismatch
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores
from app.scanstore.rows import ThirdPartyWithOutcome
from app.site_counts.summary import SiteKey, existing_sites

LOOK_EVERY_S: Final = 60.0
SOON_S: Final = 1.0  # after a scan has ended: many scans of an order end together
PIECE: Final = 100  # third parties of one transaction: some 10 ms of the write lock
# New ones of one site that a scan adds to its list, by name. What the list already has is looked for in the whole scan.
MAX_PARTIES: Final = 20_000
MAX_ABSENT: Final = 100_000  # of one site, that it used before: five lists of that size (ADR 0086)
MAX_WAYS: Final = 50  # read for each third party, to find a script
MAX_VALUE: Final = 500  # characters of a changed fact
# Of a difference.
NOTIFIED_FIELDS: Final = ("section", "change", "name", "aspect", "before", "after", "url", "is_unconfirmed")
PATIENCE: Final = timedelta(hours=1)  # with two scans that cannot be compared at the moment
# Reasons for which two scans can never be compared: a scan or its store is gone.
LASTING: Final = frozenset({NotFound.code, "results_unavailable", StoreMismatch.code, StoreDamaged.code})
_URGENCY: Final[Mapping[str, int]] = {aspect.value: number for number, aspect in enumerate(Aspect)}
ServicesAt = Callable[[Iterable[str]], Mapping[str, str]]
Found = tuple[Json, Mapping[str, str], Party]  # columns of a third party; its services; what can be compared
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class InventoryKeeper:
    """Runs in the process that holds the lease.

    `changed_parties`, `stored_changes`: see `DifferenceService`. `services_at`: returns the names of the services that
    hosts belong to, each with its category.
    """

    db: Database
    stores: ScanStores
    clock: Clock
    lease: Lease
    changed_parties: Callable[[str, RunRef, RunRef], Awaitable[PartyChanges]]
    stored_changes: Callable[[str, str], Awaitable[Sequence[RunChanges]]]
    services_at: ServicesAt
    targets: TargetParser
    on_failure: OnFailure = count_nothing

    def __post_init__(self) -> None:
        self._has_ended = asyncio.Event()

    def on_hint(self, hint: Hint) -> None:
        """Look soon if a task has ended. Event loop only."""
        if isinstance(hint, TaskHint) and hint.status in TERMINAL:
            self._has_ended.set()

    async def keep_current(self) -> None:
        """Keep the lists current until cancelled."""
        while True:
            try:
                if await self.lease.is_held():
                    await self.look()
            except (DatabaseUnavailable, LeaseLost) as error:
                log.warning("sites_not_listed", reason=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._has_ended.wait()
            self._has_ended.clear()
            await self.clock.sleep(SOON_S)

    async def look(self) -> None:
        """List every site whose current results are not listed yet. Raises DatabaseUnavailable, LeaseLost and
        ThreadsEnded; the next look continues.
        """
        after: SiteKey | None = None
        while True:
            stale, after = await self.db.read(partial(parties.stale, after=after))
            for one in stale:
                try:
                    await self._list(await self._finish_interrupted(one))
                except (DatabaseUnavailable, LeaseLost, ThreadsEnded):
                    raise
                except (ScanStoreError, Unavailable) as error:  # concerns this site only: the next look retries it
                    log.warning("site_not_listed", task_id=one.run.task_id, reason=str(error))
                except Exception:  # a boundary: the other sites do not wait for what one trips over
                    log.exception("site_listing_failed", task_id=one.run.task_id)
                    self.on_failure("inventory")
            if after is None:
                break
        await self._forget_gone()

    async def _finish_interrupted(self, stale: Stale) -> Stale:
        """List runs first whose list was interrupted before newer results stood for the site; return what is left. What
        the list has of them hides what was known before: their changes would never be told.
        """
        while stale.earlier is not None and not stale.is_first:
            begun = await self.db.read(partial(parties.interrupted, run=stale.run))
            if begun is None:
                break
            try:
                await self._list(replace(stale, run=begun))
            except (DatabaseUnavailable, LeaseLost, ThreadsEnded):
                raise
            except Exception as error:  # what keeps an older run from being listed keeps no newer one from it for long
                if getattr(error, "retryable", False) and self.clock.now() < stale.run.completed_at + PATIENCE:
                    raise
                log.exception("interrupted_list_left", task_id=begun.task_id)
                self.on_failure("inventory")
                break
            stale = replace(stale, earlier=(begun.task_id, begun.attempt))
        return stale

    async def _list(self, stale: Stale) -> None:
        row = stale.run
        site, run = (row.user_id, row.target_domain), (row.task_id, row.attempt)
        # Before the list says what this run knows: it is compared with what was known before (ADR 0086).
        found = PartyChanges() if stale.earlier is None else await self._changes(row, stale.earlier)
        own: Mapping[str, Showing] = {}
        reader = await asyncio.to_thread(self.stores.reader, row.task_id, row.run)
        try:
            if reader.present:  # otherwise there are no results, and none will come
                if stale.is_first:
                    begun = partial(parties.note_begun, site=site, run=run, completed_at=row.completed_at)
                    await self.db.write(begun)
                own = await self._write(stale, reader)
                if await asyncio.to_thread(reader.omitted_third_parties) == 0:
                    await self._note_absent(site, run)
                await self._forget_some(site, run)
        finally:
            await asyncio.to_thread(reader.close)
        if stale.is_first:
            await self._write_history(row, stale.earlier)
        await self._write_changes(row, row, found.changed)
        for start in range(0, len(found.gone), PIECE):
            await self.db.write(partial(note_gone, site=site, domains=found.gone[start : start + PIECE]))
        told = sorted((item for item in found.changed if item["section"] == Section.CONTENT), key=_urgency)
        await self.db.write(partial(_note_listed, row=row, own=own, told=told, now=self.clock.now()))

    async def _note_absent(self, site: SiteKey, run: tuple[str, int]) -> None:
        """Mark what the run has not found; only of a run that has all that it met. The rows are searched in read
        transactions: a site may have many, and no writer waits for that.
        """
        names = await self.db.read(partial(parties.absent, site=site, run=run))
        for start in range(0, len(names), PIECE):
            await self.db.write(partial(parties.note_absent, site=site, domains=names[start : start + PIECE]))
        keys = await self.db.read(partial(services.absent, site=site, run=run))
        for start in range(0, len(keys), PIECE):
            await self.db.write(partial(services.note_absent, site=site, keys=keys[start : start + PIECE]))

    async def _forget_some(self, site: SiteKey, run: tuple[str, int]) -> None:
        """Forget some of what the run has not found, absent or not compared, if that is too much."""
        names = await self.db.read(partial(parties.forgettable, site=site, run=run, kept=MAX_ABSENT))
        for start in range(0, len(names), PIECE):
            await self.db.write(partial(parties.forget, site=site, domains=names[start : start + PIECE]))

    async def _write_history(self, site: Row[Any], earlier: tuple[str, int] | None) -> None:
        """Write the changes that earlier comparisons of the site have found. Those since `earlier` follow later."""
        for run, found in await self.stored_changes(site.user_id, site.target_domain):
            if earlier is None or (run.task_id, run.attempt) != (site.task_id, site.attempt):
                await self._write_changes(site, run, found)

    async def _write_changes(self, site: Row[Any], run: Row[Any], found: Sequence[Json]) -> None:
        for start in range(0, len(found), PIECE):
            piece = enumerate(found[start : start + PIECE], start)
            rows = [_change(site, run, number, item) for number, item in piece]
            await self.db.write(partial(changes.put, rows=rows))

    async def _changes(self, row: Row[Any], earlier: tuple[str, int]) -> PartyChanges:
        """Return changes of the owner, content or certificate of third parties since the listed results, so that no
        change is missed if several scans have ended since.
        """
        try:
            return await self.changed_parties(row.user_id, RunRef(row.task_id, row.attempt), RunRef(*earlier))
        except (NotFound, Unavailable) as error:
            if error.code not in LASTING and self.clock.now() < row.completed_at + PATIENCE:
                raise  # a later look may succeed
            log.warning("changes_not_compared", task_id=row.task_id, reason=str(error))
            return PartyChanges()

    async def _write(self, stale: Stale, reader: EvidenceReader) -> Mapping[str, Showing]:
        """Write the third parties; return what the captured pages of the site show."""
        row = stale.run
        site = self.targets.parse(row.target_domain).registrable
        loader = InventoryLoader(reader, site=site, registrable_of=registrable_by(self.targets))
        once = await self.db.read(partial(seen_once, task_id=row.task_id, run=row.run))
        last, number = "", 0
        while stored := await asyncio.to_thread(reader.third_parties_after, last, limit=PIECE):
            last = stored[-1].domain
            counted = [party for party in stored if party.relation is not Relation.MENTION]
            if number >= MAX_PARTIES:
                of_site = partial(parties.listed_of, site=(row.user_id, row.target_domain))
                listed = await self.db.read(partial(of_site, domains=[party.domain for party in counted]))
                counted = [party for party in counted if party.domain in listed]
            number += len(counted)
            if counted:
                found = await asyncio.to_thread(_found_of, reader, loader, counted, self.services_at)
                await self.db.write(partial(_put, stale=stale, found=found, once=once))
        return await asyncio.to_thread(loader.own_showings)

    async def _forget_gone(self) -> None:
        """Remove the lists of sites that no longer exist."""
        after: SiteKey | None = None
        while listed := await self.db.read(partial(parties.listed_after, after=after)):
            there = await self.db.read(partial(existing_sites, keys=listed))
            for site in listed:
                if site in there:
                    continue
                for remove_some in (services.remove_some, changes.remove_some, parties.remove_some):
                    while await self.db.write(partial(remove_some, site=site, limit=PIECE)):
                        continue
            after = listed[-1]


def _note_listed(
    connection: Connection, row: Row[Any], own: Mapping[str, Showing], told: Sequence[Json], now: datetime
) -> None:
    """Record the listed results and what people are told in one transaction, so that a change causes one
    notification.
    """
    parties.note_listed(connection, row, own_text_of(own))
    if told:
        detail = {
            "user_id": row.user_id,
            "target_domain": row.target_domain,
            "task_id": row.task_id,
            "attempt": row.attempt,
            "total": len({item["name"] for item in told}),
            "changes": [{name: item[name] for name in NOTIFIED_FIELDS} for item in told[:SHOWN_CHANGES]],
        }
        outbox.put(connection, outbox.Kind.CHANGED, row.task_id, row.attempt, now=now, detail=detail)


def _put(connection: Connection, stale: Stale, found: Sequence[Found], once: Names) -> None:
    """Write third parties and their services. A service that is listed for the first time after an upgrade was there as
    long as its third party, as far as is known.
    """
    row = stale.run
    memories = remember(connection, row, [party for _, _, party in found], once)
    parties.put(connection, [_row(row, {**item, "memory": memories[item["domain"]]}) for item, _, _ in found])
    known = [item["domain"] for item, names, _ in found if names and stale.is_first]
    seen = parties.seen_times(connection, (row.user_id, row.target_domain), known)
    rows = [
        _service(row, item["domain"], name, category, seen[item["domain"]].first_seen_at if seen else row.completed_at)
        for item, names, _ in found
        for name, category in names.items()
    ]
    services.put(connection, rows)


def _found_of(
    reader: EvidenceReader, loader: InventoryLoader, counted: Sequence[ThirdPartyWithOutcome], services_at: ServicesAt
) -> list[Found]:
    hosts = {host: party.domain for party in counted for host in party.hosts}
    scripts: dict[str, str] = {}
    for way in reader.ways_to(list(hosts), limit=MAX_WAYS * PIECE):
        if way.relation == "script":
            scripts.setdefault(hosts[way.host], way.address)
    shown = reader.capture_fields_of([party.domain for party in counted])
    facts = loader.facts_of(counted)
    found: list[Found] = []
    for party in counted:
        names = services_at(party.hosts)
        item = {
            "domain": party.domain,
            "category": party.category,
            "has_service": bool(names),
            "relation": party.relation.value,
            "reference_count": party.references,
            "hidden": party.hidden,
            "page_count": reader.count_pages_with(party.hosts),
            "page": display_text(party.example_page),
            "script": display_text(scripts.get(party.domain, "")),
            "outcome": party.outcome.value,
            **registration_and_title(shown.get(party.domain, ())),
        }
        found.append((item, names, facts[party.domain]))
    return found


def _row(site: Row[Any], item: Json) -> dict[str, Any]:
    return {**_listed(site), **item, "first_seen_at": site.completed_at, "run": site.run}


def _service(site: Row[Any], domain: str, name: str, category: str, since: datetime) -> dict[str, Any]:
    return {**_listed(site), "domain": domain, "service": name, "category": category, "first_seen_at": since}


def _listed(site: Row[Any]) -> dict[str, Any]:
    key = {"user_id": site.user_id, "target_domain": site.target_domain}
    run = {"task_id": site.task_id, "attempt": site.attempt, "last_seen_at": site.completed_at}
    return {**key, **run, "is_present": True}


def _urgency(item: Json) -> int:
    """Return the order in which changes are told: a notification has the first ones, and those of owners must not be
    displaced by others whose names come first.
    """
    return _URGENCY[item["aspect"]]


def _change(site: Row[Any], run: Row[Any], number: int, item: Json) -> dict[str, Any]:
    key = {"user_id": site.user_id, "target_domain": site.target_domain, "task_id": run.task_id, "run": run.run}
    values = {name: item[name] for name in ("domain", "section", "aspect", "name", "url")}
    values |= {name: item[name][:MAX_VALUE] for name in ("before", "after")}
    return {**key, **values, "number": number, "attempt": run.attempt, "at": run.completed_at}
