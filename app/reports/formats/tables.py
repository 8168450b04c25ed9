"""The report as tables: all findings and all third parties, without the bounds of a document."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.core.spreadsheet import BETWEEN_URLS, Percentage
from app.domain.decisions import DecisionState
from app.domain.violations import WORST_FIRST
from app.findings.evidence.origin import origin_of
from app.reports.formats.contents import ReportContents
from app.reports.formats.wording import assignment_cells, comments_text, decision_text, utc_moment
from app.scanstore.rows import ThirdPartyWithOutcome, host_in

Value = str | int | float | date | None  # a `datetime` is UTC, without a zone

# What repair work is shared out by comes first.
FINDING_COLUMNS: Final = (
    "risk",
    "page",
    "leads_to",
    "kind",
    "why",
    "assignee",
    "due_on",
    "state",
    "what_to_do",
    "description",
    "domain",
    "confidence",
    "review",
    "decision",
    "comments",
    "score",
    "whose",
    "dom_path",
    "link_text",
    "hidden",
    "via",
    "origin_page",
    "origin_dom_path",
    "origin_link_text",
    "chain",
    "found_at_utc",
    "finding_id",
)
PAGE_COLUMNS: Final = ("page", "findings", "worst_risk")
PARTY_COLUMNS: Final = (
    "domain",
    "category",
    "risk",
    "outcome",
    "relation",
    "references",
    "hidden_references",
    "hosts",
    "example_page",
)
REFERENCE_COLUMNS: Final = (
    "page",
    "page_title",
    "referenced_url",
    "risk",
    "finding",
    "how",
    "dom_path",
    "link_text",
    "hidden",
    "whose",
    "via",
    "loaded_by",
    "repeats",
)
MAX_HOSTS: Final = 50  # named in a cell
MAX_REASONS: Final = 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with the names of its columns; rows are read while they are asked for."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Value]]
    is_filtered: bool = False  # whether its columns have filters


class ReportTables:
    """The tables of one report, in its language."""

    def __init__(self, contents: ReportContents) -> None:
        self._contents = contents
        self._texts = contents.texts

    def findings(self) -> Sheet:
        columns = self._named(FINDING_COLUMNS)
        return Sheet(self._texts("report.overview"), columns, self._finding_rows(), is_filtered=True)

    def pages(self) -> Sheet:
        """Return the pages that have findings which nobody has dismissed, those with most findings first."""
        columns = self._named(PAGE_COLUMNS)
        return Sheet(self._texts("report.findings_by_page"), columns, self._page_rows(), is_filtered=True)

    def third_parties(self) -> Sheet:
        return Sheet(
            self._texts("report.third_parties"), self._named(PARTY_COLUMNS), self._party_rows(), is_filtered=True
        )

    def references(self) -> Sheet:
        columns = self._named(REFERENCE_COLUMNS)
        return Sheet(self._texts("report.all_references"), columns, self._reference_rows(), is_filtered=True)

    def not_seen(self) -> Sheet:
        """What could not be examined, by host."""
        columns = self._named(("host", "what_became", "addresses"))
        costs = self._contents.coverage.costs()
        rows = ((display_text(host), self._contents.seen_name(seen), number) for seen, host, number in costs)
        return Sheet(self._texts("report.not_examined"), columns, rows)

    def _named(self, columns: Sequence[str]) -> list[str]:
        return [self._texts(f"report.{name}") for name in columns]

    def _finding_rows(self) -> Iterator[list[Value]]:
        for item in self._contents.findings:
            yield self._finding_row(self._contents.finding(item["finding_id"]))

    def _finding_row(self, found: Json) -> list[Value]:
        risk = found["risk"]
        origin = origin_of(found) or {}
        assignee, due_on = assignment_cells(found["assignment"])
        return [
            risk["level_name"],
            found["page_url"],
            found["url"],
            found["violation_name"],
            "\n".join(f"{reason['text']}: {reason['points']:+}" for reason in risk["reasons"][:MAX_REASONS]),
            assignee,
            date.fromisoformat(due_on) if due_on else None,
            self._texts(f"decision_state.{found['state']}"),
            "\n".join(f"{number}. {step['text']}" for number, step in enumerate(found["advice"], 1)),
            found["summary"],
            found["domain"],
            Percentage(found["confidence_score"]),
            self._texts("report.yes" if found["needs_review"] else "report.no"),
            decision_text(found["decision"], self._texts),
            comments_text(found["comments"], self._texts),
            risk["score"],
            self._contents.named("author", found["author"]),
            origin.get("dom_path"),
            origin.get("link_text"),
            found["hidden_text"],
            found["via"],
            *_origin(found["chains"]),
            _chain(found["chains"]),
            utc_moment(found["found_at"]),
            found["finding_id"],
        ]

    def _page_rows(self) -> Iterator[list[Value]]:
        for page in self._contents.accused_hosts.by_page():
            yield [display_text(page.url), page.findings, self._texts(page.worst_level)]

    def _party_rows(self, *, with_findings: bool = True) -> Iterator[list[Value]]:
        """Yield the worst first, then those whose findings are dismissed, then those without, each by domain."""
        levels, found = self._contents.level_of, self._contents.found_domains
        if with_findings:
            judged = [party for party in self._contents.third_parties() if party.domain in found]
            order = {level: number for number, level in enumerate(WORST_FIRST)}
            judged.sort(key=lambda party: order.get(levels.get(party.domain, ""), len(order)))
            yield from (self._party_row(party, levels.get(party.domain, "")) for party in judged)
        for party in self._contents.third_parties():
            if party.domain not in found:
                yield self._party_row(party, "")

    def _party_row(self, party: ThirdPartyWithOutcome, level: str) -> list[Value]:
        return [
            display_text(party.domain),
            self._contents.category_of(party),
            self._texts(level) if level else self._without_level(party.domain),
            self._texts(party.outcome.value),
            self._contents.named("relation", party.relation.value),
            party.references,
            party.hidden,
            display_text(" ".join(party.hosts[:MAX_HOSTS])),
            display_text(party.example_page),
        ]

    def _without_level(self, domain: str) -> str:
        return self._texts("decision.dismissed" if domain in self._contents.found_domains else "report.no_risk")

    def _reference_rows(self) -> Iterator[list[Value]]:
        for found in self._contents.references():
            for item in found:
                yield [
                    item["page_url"],
                    item["page_title"],
                    item["url"],
                    *self._worst_of(item["url"]),
                    f"{item['relation_name']} · {item['kind_name']}",
                    item["dom_path"],
                    item["link_text"],
                    item["hidden_text"],
                    item["author_text"],
                    item["via"],
                    BETWEEN_URLS.join(item["loaded_by"]) or None,
                    item["repeats"],
                ]

    def _worst_of(self, url: str) -> tuple[str | None, str | None]:
        """Return the risk and the name of the worst finding that references to this URL belong to."""
        found = self._contents.accused_hosts.of(host_in(url))
        if not found:
            return None, None
        worst = found[0]
        level = "decision.dismissed" if worst.state == DecisionState.DISMISSED else worst.risk_level
        name = self._contents.named("violation", worst.cause)
        return self._texts(level), self._texts("labelled", what=name, text=display_text(worst.domain))


def _origin(chains: Sequence[Json]) -> list[str | None]:
    """Return page, DOM path and text of the place on our own site from which the first way begins."""
    if not chains:
        return [None, None, None]
    origin, page = chains[0]["origin"], chains[0]["linked_from"]
    if page is not None:  # it names our own address that forwards; at which place is not known
        return [page["page_url"], None, None]
    return [origin["page_url"], origin["dom_path"], origin["link_text"]]


def _chain(chains: Sequence[Json]) -> str | None:
    """The first way, address by address."""
    return " → ".join(step["url"] for step in chains[0]["steps"]) if chains else None
