"""Reads what a run has collected while another process writes it: for REST, opened per request and closed at once.

The queries are written once, in words that SQLite and PostgreSQL both know; the few that differ are constants of
`schema`, which `postgres.dialect` puts into PostgreSQL's.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from app.core.like import ESCAPE, containing
from app.domain.coverage import COUNTED_AS, COVERED, Coverage, Seen, coverage_of
from app.domain.discovery import DISCOVERY, DiscoverySummary, discovery_of
from app.domain.local_reading import LOCAL_READING, LocalSummary, local_summary_of
from app.domain.own_domains import POSSIBLY_OWN, PossiblyOwn, possibly_own_of
from app.domain.page_looks import ICON_LOOKS
from app.domain.reading import READING, ReadingSummary, summary_of
from app.domain.reputation_lists import LISTS, UsedList, used_list_of
from app.domain.rule_data import RULE_DATA
from app.domain.scan_facts import Hop, HostFact, Reference
from app.domain.second_looks import SECOND_LOOKS, SecondLook, second_looks_of
from app.domain.third_parties import OMITTED, Outcome, PartyCoverage
from app.scanstore import rows, schema
from app.scanstore.errors import StoreDamaged, refusal
from app.scanstore.port import RowSource
from app.scanstore.schema import LISTED, FileRows, select

MAX_LIMIT: Final = 1_000  # rows of one answer; a larger `limit` is cut to it
MAX_HOPS: Final = 20  # that lead to one host: a site may send every link through a redirect
_HOPS: Final = select("hops", rows.HOP_COLUMNS, "ORDER BY id")
_HASHES: Final = select("captures", f"html_sha256, text_sha256, screenshot_sha256, {schema.SOURCE_SHA256}", "")
_COVERAGE: Final = "SELECT count(*) FILTER (WHERE state = 'done'), count(*) FROM frontier"
_SEEN: Final = "SELECT host, seen, count(*) FROM frontier WHERE seen IS NOT NULL GROUP BY host, seen"
_REFERENCES_TO: Final = select("refs", rows.REFERENCE_COLUMNS, f"WHERE host {LISTED} ORDER BY id LIMIT ?")
# `Outcome` of a domain, over its captures. An error of the server and an empty page show nothing: the analysis
# reads neither, and unlike a notice (a parked domain, ...) they do not say what became of the domain.
_OUTCOME: Final = (
    "CASE WHEN count(*) > count(*) FILTER (WHERE page_class IN ('error', 'empty')) THEN 'examined'"
    " WHEN count(*) = count(*) FILTER (WHERE dead) THEN 'gone' ELSE 'unreachable' END"
)
_OUTCOMES: Final = select("captures", f"domain, {_OUTCOME}", f"WHERE domain {LISTED} GROUP BY domain")
_OF_OUTCOME: Final = f"IN ({select('captures', 'domain', f'GROUP BY domain HAVING {_OUTCOME} = ?')})"
_BY_DOMAIN: Final = select("captures", f"domain, {_OUTCOME} AS outcome", "GROUP BY domain")
_OUTCOME_COUNTS: Final = select(
    f"third_parties LEFT JOIN ({_BY_DOMAIN}) AS seen ON seen.domain = third_parties.domain",
    "coalesce(seen.outcome, 'not_examined'), third_parties.relation, count(*)",
    "WHERE third_parties.relation <> 'mention' GROUP BY 1, 2",
)
_LEADS_THERE: Final = frozenset({"link", "redirect"})
_CAPTURED: Final = f"NOT IN ({select('captures', 'domain', '')})"
_RESOLVING: Final = "addresses <> '' AND NOT wildcard"


class ScanReader:
    """Reads a run as of its last flush. One that is missing is empty.

    Use it as a context manager. Lists come as (items, how many there are in all), with a stable order; `q` keeps
    what contains the text, without regard to (ASCII) case.

    Raises from any call:
        StoreUnavailable: the database refused.
    """

    def __init__(self, source: RowSource) -> None:
        self._source = source

    @property
    def present(self) -> bool:
        """Whether the store is there, as it is from before the scan claims its task."""
        return self._source.present

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. May be called twice; afterwards everything is empty."""
        self._source.close()

    def subdomains(self, *, offset: int = 0, limit: int = 100, q: str = "") -> tuple[list[HostFact], int]:
        """Return names that resolve by themselves (not by a wildcard alone), by name."""
        where = _Where(_RESOLVING).containing(q, "name")
        found, total = self._page("hosts", rows.HOST_COLUMNS, where, "name", offset, limit)
        return [rows.host_fact(row) for row in found], total

    def pages(
        self, *, offset: int = 0, limit: int = 100, q: str = "", status: int | None = None, parsed: bool | None = None
    ) -> tuple[list[rows.StoredPage], int]:
        """Return fetched documents in the order of fetching. `parsed=True`: only what counts as a page."""
        where = _Where().containing(q, "url", "title").equal("status", status).equal("parsed", parsed)
        found, total = self._page("pages", f"{rows.PAGE_COLUMNS}, id", where, "id", offset, limit)
        return [rows.stored_page(row) for row in found], total

    def third_parties(
        self,
        *,
        offset: int = 0,
        limit: int = 100,
        q: str = "",
        category: str | None = None,
        outcome: Outcome | None = None,
    ) -> tuple[list[rows.ThirdPartyWithOutcome], int]:
        """Return third parties by domain; `q` looks into domain and hosts."""
        where = _Where().containing(q, "domain", "hosts").equal("category", category)
        if outcome is Outcome.NOT_EXAMINED:
            where.met(f"domain {_CAPTURED}")
        elif outcome is not None:
            where.met(f"domain {_OF_OUTCOME}", outcome.value)
        found, total = self._page("third_parties", rows.PARTY_COLUMNS, where, "domain", offset, limit)
        return self._seen(found), total

    def subdomains_after(self, name: str, *, limit: int) -> list[HostFact]:
        """Return the next `subdomains` behind this name: so all of them are read, whatever is added meanwhile."""
        found = self._after("hosts", rows.HOST_COLUMNS, _Where(_RESOLVING), "name", name, limit)
        return [rows.host_fact(row) for row in found]

    def third_parties_after(self, domain: str, *, limit: int) -> list[rows.ThirdPartyWithOutcome]:
        """Return the next `third_parties` behind this domain."""
        return self._seen(self._after("third_parties", rows.PARTY_COLUMNS, _Where(), "domain", domain, limit))

    def hops_by_host(self) -> dict[str, list[Hop]]:
        """Return redirects of crawled addresses by the host that they lead to, the first MAX_HOPS of each."""
        hops: defaultdict[str, list[Hop]] = defaultdict(list)
        for row in self._read(_HOPS):
            hop = rows.hop_fact(row)
            known = hops[rows.host_in(hop.location)]
            if len(known) < MAX_HOPS:
                known.append(hop)
        return dict(hops)

    def party_coverage(self) -> PartyCoverage:
        """Return the third parties by outcome, as of the last flush."""
        outcomes: Counter[Outcome] = Counter()
        unseen = 0
        for outcome, relation, number in self._read(_OUTCOME_COUNTS):
            outcomes[Outcome(outcome)] += number
            unseen += number if outcome == Outcome.UNREACHABLE and relation in _LEADS_THERE else 0
        return PartyCoverage(outcomes, self.omitted_third_parties(), unseen)

    def omitted_third_parties(self) -> int:
        """Count the references to domains beyond the number that a scan keeps, as of the last flush."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (OMITTED,))
        return int(orjson.loads(found[0][0])) if found else 0

    def second_looks(self) -> dict[str, SecondLook]:
        """Return the second looks at pages that differed from the scan before, by captured URL."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (SECOND_LOOKS,))
        return second_looks_of(orjson.loads(found[0][0])) if found else {}

    def reading(self) -> ReadingSummary | None:
        """Return the summary of the LLM review, as of the last flush; None without an LLM."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (READING,))
        return summary_of(orjson.loads(found[0][0])) if found else None

    def local_reading(self) -> LocalSummary | None:
        """Return the summary of the local classifier, as of the last flush; None if no version was enabled."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (LOCAL_READING,))
        return local_summary_of(orjson.loads(found[0][0])) if found else None

    def discovery(self) -> DiscoverySummary | None:
        """Return the summary of host discovery; None before its end, and for scans of older versions."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (DISCOVERY,))
        return discovery_of(orjson.loads(found[0][0])) if found else None

    def possibly_own(self) -> tuple[PossiblyOwn, ...]:
        """Return the foreign domains that may have the target's owner, by name."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (POSSIBLY_OWN,))
        return possibly_own_of(orjson.loads(found[0][0])) if found else ()

    def lists(self) -> tuple[UsedList, ...]:
        """Return which lists of the deployment were looked into, as the scan's newest attempt has them."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (LISTS,))
        return tuple(map(used_list_of, orjson.loads(found[0][0]))) if found else ()

    def icon_looks(self) -> dict[str, str]:
        """Return the appearance of the icons of pages that ask for input, by captured URL."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (ICON_LOOKS,))
        return dict(orjson.loads(found[0][0])) if found else {}

    def rule_dates(self) -> Mapping[str, str]:
        """Return the dates of the rule data that the scan used (`domain.rule_data`); empty for old scans."""
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (RULE_DATA,))
        dates: Mapping[str, str] = orjson.loads(found[0][0]) if found else {}
        return dates

    def _seen(self, found: Sequence[rows.Row]) -> list[rows.ThirdPartyWithOutcome]:
        """Add what came of looking at each third party. Only their own captures are asked."""
        domains = tuple(row[0] for row in found)
        known = {domain: Outcome(outcome) for domain, outcome in self._read(_OUTCOMES, (domains,))}
        return [rows.seen_party(row, known.get(row[0], Outcome.NOT_EXAMINED)) for row in found]

    def references_of(self, domain: str, *, limit: int = 100) -> list[Reference]:
        """Return references to the third party's hosts in the order of finding; unknown: to that very host."""
        party = self._read("SELECT hosts FROM third_parties WHERE domain = ?", (domain,))
        hosts = tuple(party[0][0].split()) if party else (domain,)
        found = self._read(_REFERENCES_TO, (hosts, _bounded(limit)))
        return [rows.reference_fact(row) for row in found]

    def coverage(self) -> tuple[int, int]:
        """Return (crawled, known): how many of the known in-scope URLs were answered."""
        found = self._read(_COVERAGE)
        return (found[0][0], found[0][1]) if found else (0, 0)

    def seen(self) -> Coverage:
        """Return what became of the known URLs: the crawl's sum when it has ended, else of those that are done."""
        summed = self._read("SELECT value FROM checkpoints WHERE key = ?", (COVERED,))
        if summed:
            return coverage_of(orjson.loads(summed[0][0]))
        hosts: defaultdict[str, Counter[Seen]] = defaultdict(Counter)
        for host, seen, number in self._read(_SEEN):
            hosts[host][COUNTED_AS.get(Seen(seen), Seen(seen))] += number
        return Coverage(hosts)

    def _page(
        self, table: str, columns: str, where: "_Where", order: str, offset: int, limit: int
    ) -> tuple[list[rows.Row], int]:
        clause = where.clause
        total = self._read(select(table, "count(*)", f"WHERE {clause}"), where.parameters)
        query = select(table, columns, f"WHERE {clause} ORDER BY {order} LIMIT ? OFFSET ?")
        found = self._read(query, (*where.parameters, _bounded(limit), max(0, offset)))
        return found, total[0][0] if total else 0

    def _after(self, table: str, columns: str, where: "_Where", key: str, last: str, limit: int) -> list[rows.Row]:
        where.met(f"{key} > ?", last)
        query = select(table, columns, f"WHERE {where.clause} ORDER BY {key} LIMIT ?")
        return self._read(query, (*where.parameters, _bounded(limit)))

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[rows.Row]:
        return self._source.read(query, parameters)


class SqliteScanReader(ScanReader):
    """Reads the file of a run.

    Raises:
        StoreUnavailable: SQLite refused.
        StoreMismatch: a newer version wrote the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(FileRows(path))


def _bounded(limit: int) -> int:
    return max(0, min(limit, MAX_LIMIT))


class _Where:
    """Conditions that all have to hold; values travel as parameters."""

    def __init__(self, condition: str = "1 = 1") -> None:
        self.clause = condition
        self.parameters: tuple[Any, ...] = ()

    def containing(self, text: str, *columns: str) -> Self:
        """Add that one of the columns contains the text; no condition when it is empty."""
        if text:
            likes = " OR ".join(f"{column} LIKE ? ESCAPE '{ESCAPE}'" for column in columns)
            self._add(f"({likes})", (containing(text),) * len(columns))
        return self

    def equal(self, column: str, value: Any) -> Self:
        """Add that the column has this value; no condition when it is None."""
        if value is not None:
            self._add(f"{column} = ?", (value,))
        return self

    def met(self, condition: str, *parameters: Any) -> Self:
        """Add a condition; its values are parameters."""
        self._add(condition, parameters)
        return self

    def _add(self, condition: str, parameters: tuple[Any, ...]) -> None:
        self.clause += f" AND {condition}"
        self.parameters += parameters


def contents_of(path: Path) -> set[str]:
    """Return the hashes of all contents that this file's captures name: none when it is missing or damaged.

    Raises:
        StoreUnavailable: it cannot be read now.
        StoreMismatch: a newer version wrote it: what it names is not known.
    """
    try:
        connection = schema.open_reader(path)
        if connection is None:
            return set()
        try:
            return {sha256 for row in connection.execute(_HASHES) for sha256 in row if sha256}
        finally:
            connection.close()
    except sqlite3.Error as error:
        refused = refusal(error)
        if isinstance(refused, StoreDamaged):
            return set()
        raise refused from error
