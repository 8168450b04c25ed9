"""What is remembered of the third parties of a site, in the rows of `inventory.tables.site_parties` (ADR 0084)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row

from app.core.db import Database
from app.domain.inventory import KnownParty, Party, Registration, Showing
from app.domain.party_memory import (
    PartyMemory,
    completed,
    known_from_json,
    lacks_facts,
    merged,
    remembered,
    rotates_when_gone,
    texts_of,
)
from app.domain.rechecks import is_unconfirmed
from app.domain.scan_facts import RegistrationState
from app.findings.queries import findings
from app.inventory.queries import parties
from app.site_counts.summary import SiteKey

MAX_OWN: Final = 200  # captured pages of a site: 100 start pages, and 100 that refer to violations
MAX_SHOWN: Final = 5_000  # third parties whose pages a scan compares while it runs; others count at once
Names = Collection[str]


def text_of(memory: PartyMemory) -> str:
    """Return what is stored of a memory."""
    return orjson.dumps(memory.to_json()).decode()


def own_text_of(showings: Mapping[str, Showing]) -> str:
    """Return what is stored of the captured pages of a site, by comparable URL."""
    return orjson.dumps({url: texts_of(one) for url, one in sorted(showings.items())[:MAX_OWN]}).decode()


def shown_before(connection: Connection, site: SiteKey) -> dict[str, Showing]:
    """Return what pages showed in the listed scan of the site, by comparable URL: its own ones, and those of third
    parties, of which there may be too many.
    """
    own, rows = parties.shown_before(connection, site, MAX_SHOWN)
    shown: dict[str, Showing] = {}
    for row in rows:
        shown |= PartyMemory.from_json(row.domain, orjson.loads(row.memory)).facts.showings
    return shown | {url: Showing(*texts) for url, texts in orjson.loads(own or "{}").items()}


def memory_of(row: Row[Any]) -> PartyMemory:
    """Return what the row of a third party remembers. One of an earlier version has its columns only."""
    if row.memory is not None:
        return PartyMemory.from_json(row.domain, orjson.loads(row.memory))
    is_registered = bool(row.registered_on or row.registrar)
    state = RegistrationState.REGISTERED.value
    registration = Registration(state, "", row.registered_on, row.registrar) if is_registered else None
    facts = Party(row.domain, category=row.category, relation=row.relation, registration=registration, ways=None)
    return PartyMemory(facts)


def next_memory(row: Row[Any] | None, party: Party, run: tuple[str, int], at: datetime) -> PartyMemory:
    """Return what is remembered after the run that ended then has found the third party. `row`: before it."""
    if row is None:
        return PartyMemory(remembered(party))
    memory = memory_of(row)
    if (row.task_id, row.attempt) == run and row.memory is not None:  # its list was interrupted
        return memory
    if at <= row.last_seen_at:  # older results stand again, for newer ones were deleted
        return PartyMemory(merged(party, memory.facts), memory.earlier, memory.returns, memory.stay, memory.is_gone)
    return memory.seen(party) if row.is_present else memory.back(party, at, row.last_seen_at)


def seen_once(connection: Connection, task_id: str, run: int) -> frozenset[str]:
    """Return third parties whose page was accused, and not when it was judged again: what it showed is not kept."""
    rows = findings.of_run(connection, task_id, run)
    return frozenset(found.domain for found in rows if is_unconfirmed(found.reasons))


def remember(connection: Connection, row: Row[Any], found: Sequence[Party], once: Names) -> dict[str, str]:
    """Return what is remembered of third parties that this run has found, by domain. `once`: see `seen_once`."""
    site, run = (row.user_id, row.target_domain), (row.task_id, row.attempt)
    known = {one.domain: one for one in parties.remembered(connection, site, [party.domain for party in found])}
    memories = {}
    for party in found:
        seen = replace(party, showings={}) if party.domain in once else party
        memories[party.domain] = text_of(next_memory(known.get(party.domain), seen, run, row.completed_at))
    return memories


class Recall:
    """Reads what was known of the third parties of a site when a scan ended at `before`. `now`: end of the scan that it
    is compared with. Blocking.
    """

    def __init__(self, db: Database, site: SiteKey, before: datetime, now: datetime) -> None:
        self._db = db
        self._site = site
        self._before = before
        self._now = now

    def known(self, names: Names) -> Mapping[str, KnownParty]:
        """Return those of these third parties that scans before had."""
        find = partial(parties.known_before, site=self._site, domains=sorted(names), before=self._before)
        return {row.domain: self._known(row) for row in self._db.read_sync(find)}

    def completed(self, before: Mapping[str, Party], after: Mapping[str, Party]) -> Mapping[str, Party]:
        """Return third parties of both scans with what scans before knew, where the earlier one does not know it.

        Only as long as no later scan is listed: what is known then is not known to be older.
        """
        both = (name for name in before.keys() & after.keys() if lacks_facts(before[name], after[name]))
        stored = self._db.read_sync(partial(parties.remembered, site=self._site, domains=sorted(both)))
        rows = (row for row in stored if row.last_seen_at <= self._before)
        return {row.domain: completed(before[row.domain], memory_of(row).facts) for row in rows}

    def rotating(self, names: Names) -> frozenset[str]:
        """Return those of these third parties, which are gone now, that come and go."""
        stored = self._db.read_sync(partial(parties.memories, site=self._site, domains=sorted(names)))
        before = self._before
        return frozenset(row.domain for row in stored if rotates_when_gone(orjson.loads(row.memory), before))

    def _known(self, row: Row[Any]) -> KnownParty:
        if row.memory is None:
            return memory_of(row).known(row.last_seen_at, self._before, self._now)
        value, times = orjson.loads(row.memory), {"before": self._before, "now": self._now}
        return known_from_json(row.domain, value, last_seen_at=row.last_seen_at, **times)


def note_gone(connection: Connection, site: SiteKey, domains: Names) -> None:
    """Remember that the places of these third parties were checked when they were absent for the first time."""
    rows = [row for row in parties.remembered(connection, site, sorted(domains)) if not row.is_present]
    memories = {row.domain: text_of(replace(memory_of(row), is_gone=True)) for row in rows}
    parties.put_memories(connection, site, memories)
