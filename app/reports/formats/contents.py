"""Data of a report: the scan's row, store, findings and captured contents, for one reader. Blocking."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from app.core.db import Database
from app.core.errors import NotFound
from app.core.json_chunks import Json
from app.core.redact import display_text
from app.domain.coverage import Coverage, Seen
from app.domain.decisions import DecisionState
from app.domain.differences import NO_CONTENT
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.domain.task_row import TaskRow
from app.domain.third_parties import Outcome
from app.findings import summary as findings
from app.findings.evidence.accused_hosts import AccusedHosts
from app.findings.evidence.scan_evidence import ReadContent, ScanEvidence
from app.inventory.comparer import FindingChanges
from app.inventory.earlier_findings import earlier_risks
from app.reports.formats.blocks import Logo
from app.reports.formats.wording import is_dismissed
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.rows import ThirdPartyWithOutcome
from app.site_counts.summary import Counts, open_counts_of_tasks

CHUNK: Final = 500  # third parties of one read
CAPTURES: Final = 100
UNKNOWN: Final = "unknown"  # category of a third party
Compare = Callable[[TaskRow, EvidenceReader], FindingChanges | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """User, time and program version of a report."""

    made_by: str  # "": it does not say
    made_at: datetime | None  # None: it does not say
    program: str
    public_url: str | None = None  # of the program's page; None: it is not known
    is_shared: bool = False  # made for a reader with a read-only link
    organisation: str = ""  # whose report it is; "": it does not say
    logo: Logo | None = None

    def undated(self) -> "Origin":
        """Return what does not depend on who makes the report and when."""
        return replace(self, made_by="", made_at=None)


class ReportContents:
    """Everything in the language of `texts`; lists in chunks, so that only what is shown is in memory.

    `epoch`: which log the row's `last_seq` is a number of (ADR 0012).
    """

    def __init__(
        self,
        *,
        row: TaskRow,
        reader: EvidenceReader,
        db: Database,
        evidence: ScanEvidence,
        texts: MessageCatalog,
        read_content: ReadContent,
        origin: Origin,
        epoch: str,
        compare: Compare,
        started_by: str = "",
        only: AbstractSet[str] = frozenset(),
    ) -> None:
        """`compare`: with the scan before. `started_by`: name of a user; "": it is not known.

        `only`: ids of findings. With some, the report has these alone, with the third parties, references and captures
        that belong to them.

        Raises NotFound: one of `only` is no finding of the scan.
        """
        self.row = row
        self.reader = reader
        self.db = db
        self.texts = texts
        self.origin = origin
        self.epoch = epoch
        self.read_content = read_content
        self.started_by = started_by
        self._evidence = evidence
        self._compare = compare
        self._only = only
        if only - {item["finding_id"] for item in self.findings}:
            raise NotFound(text="no_such_finding")

    def undated(self) -> "ReportContents":
        """Return the same without who makes the report and when."""
        other = copy(self)
        other.origin = self.origin.undated()
        return other

    @property
    def is_part(self) -> bool:
        """Whether findings were left out because others were asked for."""
        return bool(self._only)

    @cached_property
    def all_findings(self) -> list[Json]:
        """Return the findings as in their list, the worst first, and at the end those that were dismissed."""
        return sorted(self._evidence.all_findings(), key=is_dismissed)

    @cached_property
    def findings(self) -> list[Json]:
        """Return those that the report has, in the same order."""
        return [item for item in self.all_findings if not self._only or item["finding_id"] in self._only]

    @cached_property
    def open_counts(self) -> Counts:
        """Return the numbers of the findings that nobody has dismissed, as the scan's page and its site show them."""
        return self.db.read_sync(lambda connection: open_counts_of_tasks(connection, [self.row]))[self.row.id]

    @property
    def dismissed(self) -> int:
        return int(self.row.finding_counts.get("total", 0) - self.open_counts["total"])

    @cached_property
    def level_of(self) -> Mapping[str, str]:
        """Return the highest risk level of each domain that has a finding which nobody has dismissed."""
        return self.db.read_sync(lambda connection: findings.levels_of(connection, self.row.id, self.row.run))

    @cached_property
    def found_domains(self) -> AbstractSet[str]:
        """Return the domains that have a finding, dismissed or not."""
        return {item["domain"] for item in self.findings}

    @cached_property
    def accused_hosts(self) -> AccusedHosts:
        """Return the findings by the hosts of their references, the worst first, and at the end those that were
        dismissed.
        """
        found = self.db.read_sync(lambda connection: findings.of_run(connection, self.row.id, self.row.run))
        return AccusedHosts(self.reader, sorted(found, key=lambda item: bool(item.state == DecisionState.DISMISSED)))

    @cached_property
    def earlier_risks(self) -> Mapping[str, str] | None:
        """Return the risk levels of what the scan before has found, by finding; None: there is none to compare with, or
        the reader may know of this scan alone.
        """
        if self.origin.is_shared:
            return None
        return self.db.read_sync(lambda connection: earlier_risks(connection, self.row))

    @cached_property
    def changes(self) -> FindingChanges | None:
        """Return how the findings differ from those of the scan before; None: as of `earlier_risks`."""
        return None if self.origin.is_shared else self._compare(self.row, self.reader)

    @cached_property
    def coverage(self) -> Coverage:
        return self.reader.seen()

    @cached_property
    def third_party_count(self) -> int:
        return self.reader.third_parties(limit=0)[1]

    def finding(self, finding_id: str) -> Json:
        """Return one finding with its evidence (`findings.schemas.findings.FindingDetail`)."""
        return self._evidence.finding_document(finding_id)

    def third_parties(self) -> Iterator[ThirdPartyWithOutcome]:
        """Yield the third parties, by domain."""
        last = ""
        while chunk := self.reader.third_parties_after(last, limit=CHUNK):
            yield from (party for party in chunk if not self._only or party.domain in self.found_domains)
            last = chunk[-1].domain

    def not_examined(self, outcome: Outcome, *, limit: int) -> tuple[list[str], int]:
        """Return the first third parties of which this came, and how many there are."""
        found, total = self.reader.third_parties(outcome=outcome, limit=limit)
        return [party.domain for party in found], total

    def captures(self) -> Iterator[Capture]:
        """Yield the captures, by host and URL."""
        last = ("", "")
        while chunk := self.reader.captures_after(*last, limit=CAPTURES):
            yield from (item for item in chunk if not self._only or display_text(item.url) in self._captured_urls)
            last = (chunk[-1].host, chunk[-1].url)

    @cached_property
    def _captured_urls(self) -> AbstractSet[str]:
        """Return what the findings show of captures, as it is shown."""
        shown = (self.finding(item["finding_id"]) for item in self.findings)
        return {capture["url"] for found in shown for capture in (*found["captures"], *found["site_captures"])}

    def references(self) -> Iterator[list[Json]]:
        """Yield the references in chunks."""
        if not self._only:
            yield from self._evidence.all_references(None)
            return
        for domain in sorted(self.found_domains):
            if self.reader.party(domain) is not None:  # nothing refers to what the site itself shows
                yield from self._evidence.all_references(domain)

    @cached_property
    def _accused_of(self) -> Mapping[str, str]:
        """Return what the content of domains is accused of, by the worst finding of each that nobody has dismissed."""
        valid = (item for item in self.findings if not is_dismissed(item) and item["violation_key"] not in NO_CONTENT)
        return {item["domain"]: str(item["violation_name"]) for item in reversed(list(valid))}

    def category_of(self, party: ThirdPartyWithOutcome) -> str:
        """Name what a third party is accused of, then its category if that is known."""
        accused, known = self._accused_of.get(party.domain), self.named("category", party.category)
        if accused is None:
            return known
        return accused if party.category == UNKNOWN else self.texts.join_terms((accused, known))

    def named(self, group: str, key: str) -> str:
        """Return the name of a key; one that has none is shown as it is."""
        name = f"{group}.{key}" if group else key
        return self.texts(name) if name in self.texts else key

    def seen_name(self, seen: Seen) -> str:
        """Name what became of an address."""
        name = f"reason.{seen}"
        return self.texts(name if name in self.texts else f"report.seen.{seen}")
