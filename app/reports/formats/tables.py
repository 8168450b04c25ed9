"""The report as tables: all findings and all third parties, without the bounds of a document."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.core.spreadsheet import BETWEEN_URLS
from app.domain.decisions import DecisionState
from app.findings.evidence.origin import origin_of
from app.reports.formats.contents import ReportContents
from app.reports.formats.wording import assignment_cells, decision_text, moment_text
from app.scanstore.rows import ThirdPartyWithOutcome, host_in

Value = str | int | float | None

FINDING_COLUMNS: Final = (
    "risk",
    "score",
    "kind",
    "domain",
    "description",
    "confidence",
    "review",
    "decision",
    "assignee",
    "due_on",
    "comment",
    "whose",
    "page",
    "dom_path",
    "link_text",
    "hidden",
    "via",
    "origin_page",
    "origin_dom_path",
    "origin_link_text",
    "chain",
    "why",
    "what_to_do",
    "found_at",
    "finding_id",
)
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


class ReportTables:
    """The tables of one report, in its language."""

    def __init__(self, contents: ReportContents) -> None:
        self._contents = contents
        self._texts = contents.texts

    def findings(self) -> Sheet:
        return Sheet(self._texts("report.overview"), self._named(FINDING_COLUMNS), self._finding_rows())

    def third_parties(self) -> Sheet:
        return Sheet(self._texts("report.third_parties"), self._named(PARTY_COLUMNS), self._party_rows())

    def references(self) -> Sheet:
        return Sheet(self._texts("report.all_references"), self._named(REFERENCE_COLUMNS), self._reference_rows())

    def not_seen(self) -> Sheet:
        """What could not be examined, by host."""
        columns = self._named(("host", "what_became", "addresses"))
        costs = self._contents.coverage.costs()
        rows = ((display_text(host), self._contents.seen_name(seen), number) for seen, host, number in costs)
        return Sheet(self._texts("report.not_examined"), columns, rows)

    def joined(self) -> Sheet:
        """One table of both, for a file that can hold one: a row for each finding, then one for each third party
        without a finding. The first column says which.
        """
        columns = tuple(dict.fromkeys(("row", *FINDING_COLUMNS, *PARTY_COLUMNS)))
        finding, party = self._texts("report.row.finding"), self._texts("report.row.third_party")
        found = (_spread(columns, FINDING_COLUMNS, row, finding) for row in self._finding_rows())
        clean = (_spread(columns, PARTY_COLUMNS, row, party) for row in self._party_rows(with_findings=False))
        return Sheet(self._texts("report.overview"), self._named(columns), chain(found, clean))

    def _named(self, columns: Sequence[str]) -> list[str]:
        return [self._texts(f"report.{name}") for name in columns]

    def _finding_rows(self) -> Iterator[list[Value]]:
        for item in self._contents.findings:
            yield self._finding_row(self._contents.finding(item["finding_id"]))

    def _finding_row(self, found: Json) -> list[Value]:
        risk = found["risk"]
        origin = origin_of(found) or {}
        return [
            risk["level_name"],
            risk["score"],
            found["violation_name"],
            found["domain"],
            found["summary"],
            found["confidence_score"],
            self._texts("report.yes" if found["needs_review"] else "report.no"),
            decision_text(found["decision"], self._texts),
            *assignment_cells(found["assignment"]),
            self._contents.named("author", found["author"]),
            found["page_url"],
            origin.get("dom_path"),
            origin.get("link_text"),
            found["hidden_text"],
            found["via"],
            *_origin(found["chains"]),
            _chain(found["chains"]),
            "\n".join(f"{reason['text']}: {reason['points']:+}" for reason in risk["reasons"][:MAX_REASONS]),
            "\n".join(f"{number}. {step['text']}" for number, step in enumerate(found["advice"], 1)),
            moment_text(found["found_at"]),
            found["finding_id"],
        ]

    def _party_rows(self, *, with_findings: bool = True) -> Iterator[list[Value]]:
        levels = self._contents.level_of
        for party in self._contents.third_parties():
            if with_findings or party.domain not in self._contents.found_domains:
                yield self._party_row(party, levels.get(party.domain, ""))

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

    def _without_level(self, domain: str) -> str | None:
        return self._texts("decision.dismissed") if domain in self._contents.found_domains else None

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


def _spread(columns: Sequence[str], named: Sequence[str], row: Sequence[Value], kind: str) -> list[Value]:
    """Put the values of a narrow row under the columns of a wide one."""
    values: dict[str, Value] = {"row": kind, **dict(zip(named, row, strict=True))}
    return [values.get(name) for name in columns]
