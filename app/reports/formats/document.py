"""The report as a document: its sections in the order in which they are read."""

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final

from app.core.clock import to_wire
from app.core.json_chunks import Json
from app.core.redact import display_text
from app.domain.coverage import NOT_JUDGED, Seen
from app.domain.recommendations import GUIDE_STEPS, Advice, guides_for
from app.domain.rule_data import NAMES
from app.domain.third_parties import Outcome
from app.domain.verdict import Result, Verdict
from app.domain.violations import WORST_FIRST
from app.reports.formats.blocks import (
    Block,
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    PageBreak,
    Table,
    Text,
    Tone,
)
from app.reports.formats.contents import ReportContents
from app.reports.formats.discovery_section import discovery_section
from app.reports.formats.extent import Extent
from app.reports.formats.finding_section import FindingSection, anchor_of
from app.reports.formats.lists_section import lists_section
from app.reports.formats.own_domains_fact import own_domains_fact
from app.reports.formats.possibly_own_section import possibly_own_section
from app.reports.formats.readers_section import readers_section
from app.reports.formats.sign_off import sign_off
from app.reports.formats.wording import duration_text, moment_text
from app.scans.serialisers import optional_to_wire, serialise_error, serialise_statistics, serialise_warnings
from app.scanstore.rows import ThirdPartyWithOutcome

MAX_WARNINGS: Final = 200
NOT_LOOKED_AT: Final = (Outcome.NOT_EXAMINED, Outcome.UNREACHABLE, Outcome.GONE)
OPTIONS: Final = ("max_pages", "max_depth", "time_limit_s")
_TONES: Final = {Result.VIOLATIONS: Tone.WARNING, Result.INCONCLUSIVE: Tone.WARNING, Result.CLEAN: Tone.GOOD}


class ReportDocument:
    """Iterate over it once; what it shows is read meanwhile."""

    def __init__(self, contents: ReportContents, extent: Extent) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent
        self._row = contents.row
        self._advised: set[Advice] = set()  # in the findings that are shown in full

    @property
    def title(self) -> str:
        return self._texts("report.title", target=display_text(self._row.target_domain))

    def __iter__(self) -> Iterator[Block]:
        yield from self._cover()
        yield from self._summary()
        yield from self._overview()
        yield from self._findings()
        yield from self._guides()
        yield from sign_off(self._contents.origin, self._texts)
        yield from self._third_parties()
        yield from self._coverage()
        yield from self._not_examined()
        yield from self._method()

    def _cover(self) -> Iterator[Block]:
        row, texts, origin = self._row, self._texts, self._contents.origin
        yield Heading(self.title, 1)
        rows = [
            (texts("report.target"), display_text(row.target_domain)),
            (texts("report.attempt"), texts("report.attempt_number", attempt=row.attempt)),
            (texts("report.status"), texts(row.status)),
            (texts("report.started_at"), moment_text(optional_to_wire(row.started_at))),
            (texts("report.completed_at"), moment_text(optional_to_wire(row.completed_at))),
            (texts("report.duration"), duration_text(serialise_statistics(row)["execution_duration"], texts)),
            (texts("report.task"), row.id),
            (texts("report.made_at"), moment_text(to_wire(origin.made_at))),
            (texts("report.made_by"), display_text(origin.made_by)),
            (texts("report.program"), origin.program),
            (texts("report.rule_data"), self._rule_dates()),
            (texts("report.crawled"), self._crawled()),
            (texts("report.limits"), texts.join_clauses(f"{name}: {value}" for name, value in self._limits())),
        ]
        yield Facts([item for item in rows if item[1]])

    def _summary(self) -> Iterator[Block]:
        yield Heading(self._texts("report.summary"), 2)
        yield Text(self._conclusion(), _TONES.get(self._result, Tone.WARNING) if self._result else Tone.WARNING)
        error = serialise_error(self._row, self._texts.language)
        if error is not None:
            yield Text(display_text(str(error["message"])), Tone.WARNING)
        if self._row.verdict and (reasons := Verdict.from_json(self._row.verdict).names(self._texts.language)):
            yield Text(self._texts("report.limited_by", reasons=self._texts.join_clauses(reasons)))
        statistics = serialise_statistics(self._row)
        yield Facts(
            [
                *self._numbers_by_risk(),
                (self._texts("report.subdomains"), str(statistics["total_subdomains"])),
                (self._texts("report.pages"), str(statistics["total_pages_crawled"])),
                (self._texts("report.third_party_count"), str(self._contents.third_party_count)),
            ]
        )

    @property
    def _result(self) -> Result | None:
        return None if self._row.verdict is None else Result(self._row.verdict["result"])

    def _conclusion(self) -> str:
        """The result in one sentence."""
        found, contents = self._contents.findings, self._contents
        params: dict[str, Any] = {"target": display_text(self._row.target_domain)}
        if found:
            total = self._row.finding_counts.get("total", 0)
            params["findings"] = contents.texts("report.findings_counted", count=total)
            params["domains"] = contents.texts("report.domains_counted", count=len(contents.level_of))
            params["level"] = found[0]["risk"]["level_name"]
        if self._result is None:
            params["status"] = self._texts(self._row.status)
            return self._texts("report.unfinished_found" if found else "report.unfinished", **params)
        if found:
            return self._texts("report.conclusion_violations", **params)
        key = Result.INCONCLUSIVE if self._result is Result.VIOLATIONS else self._result
        return self._texts(f"report.conclusion_{key}", **params)

    def _numbers_by_risk(self) -> Iterator[tuple[str, str]]:
        for level in WORST_FIRST:
            count = str(self._row.finding_counts.get(level, 0))
            yield self._texts("report.findings_of", level=self._texts(level)), count

    def _overview(self) -> Iterator[Block]:
        """All findings in a table, by risk."""
        found = self._contents.findings
        if not found:
            return
        yield Heading(self._texts("report.overview"), 2)
        columns = (
            Column(self._texts("report.risk"), 3),
            Column(self._texts("report.kind"), 4),
            Column(self._texts("report.domain"), 6),
            Column(self._texts("report.description"), 14),
        )
        yield Table(columns, [self._overview_row(*item) for item in enumerate(found[: self._extent.findings_listed])])
        yield from self._left_out(len(found) - self._extent.findings_listed)

    def _overview_row(self, number: int, item: Json) -> list[Cell | str]:
        anchor = anchor_of(item["finding_id"]) if number < self._extent.findings_in_full else ""
        risk = Cell(f"{item['risk']['level_name']} {item['risk']['score']}", item["risk"]["level"])
        return [risk, item["violation_name"], Cell(item["domain"], anchor=anchor), item["summary"]]

    def _findings(self) -> Iterator[Block]:
        """The worst ones in full, by risk level."""
        section = FindingSection(self._contents, self._extent)
        shown = list(enumerate(self._contents.findings[: self._extent.findings_in_full]))
        for level, group in groupby(shown, key=lambda item: item[1]["risk"]["level"]):
            yield PageBreak()
            yield Heading(self._texts("report.findings_of", level=self._texts(level)), 2, f"risk-{level}", level)
            for number, item in group:
                pictures = number < self._extent.findings_with_pictures
                yield from section.blocks(item["finding_id"], pictures=pictures)
        self._advised = section.advised
        rest = len(self._contents.findings) - self._extent.findings_in_full
        if rest > 0:
            yield Text(self._texts("report.not_in_full", count=rest), Tone.NOTE)

    def _guides(self) -> Iterator[Block]:
        """Instructions by kind of repair."""
        needed = guides_for(self._advised)
        if not needed:
            return
        yield PageBreak()
        yield Heading(self._texts("report.guides"), 2, "guides")
        yield Text(self._texts("report.guides_intro"))
        for guide in needed:
            yield Heading(self._texts(f"guide.{guide}"), 3)
            yield Items([self._texts(f"guide.{guide}.{step}") for step in GUIDE_STEPS[guide]], numbered=True)

    def _third_parties(self) -> Iterator[Block]:
        total = self._contents.third_party_count
        yield PageBreak()
        yield Heading(self._texts("report.third_parties"), 2, "third-parties")
        if not total:
            yield Text(self._texts("report.no_third_parties"))
            return
        columns = (
            Column(self._texts("report.domain"), 18),
            Column(self._texts("report.category"), 12),
            Column(self._texts("report.risk"), 7),
            Column(self._texts("report.outcome"), 11),
            Column(self._texts("report.references"), 9, is_number=True),
            Column(self._texts("report.hidden_references"), 14, is_number=True),
            Column(self._texts("report.example_page"), 21),
        )
        shown = islice(self._contents.third_parties(), self._extent.third_parties)
        yield Table(columns, [self._third_party(party) for party in shown])
        yield from self._left_out(total - self._extent.third_parties)
        yield from possibly_own_section(self._contents.reader.possibly_own(), self._texts)

    def _third_party(self, party: ThirdPartyWithOutcome) -> list[Cell | str]:
        level = self._contents.level_of.get(party.domain, "")
        return [
            display_text(party.domain),
            self._contents.named("category", party.category),
            Cell(self._texts(level), level) if level else "",
            self._texts(party.outcome.value),
            str(party.references),
            str(party.hidden or ""),
            display_text(party.example_page),
        ]

    def _left_out(self, count: int) -> Iterator[Block]:
        if count > 0:
            yield Text(self._texts("report.left_out", count=count), Tone.NOTE)

    def _coverage(self) -> Iterator[Block]:
        """What was looked at, and within which limits."""
        yield PageBreak()
        yield Heading(self._texts("report.coverage"), 2, "coverage")
        yield Text(self._texts("report.coverage_intro"))
        yield Facts([(self._texts("report.crawled"), self._crawled())])
        total = self._contents.coverage.total
        columns = (
            Column(self._texts("report.what_became"), 6),
            Column(self._texts("report.addresses"), 2, is_number=True),
        )
        if total:
            yield Table(columns, [[self._contents.seen_name(seen), str(number)] for seen, number in total.items()])
        reader = self._contents.reader
        yield from discovery_section(reader.discovery(), self._texts)
        yield from lists_section(reader.lists(), self._texts)
        yield from readers_section(reader.reading(), reader.local_reading(), self._texts)
        yield Heading(self._texts("report.limits"), 3)
        yield Facts([*self._limits(), *own_domains_fact(self._row.config, self._texts)])

    def _crawled(self) -> str:
        crawled, known = self._contents.reader.coverage()
        return self._texts("report.crawled_of", crawled=crawled, known=known)

    def _limits(self) -> list[tuple[str, str]]:
        return [(self._texts(f"report.option.{name}"), self._option(name)) for name in OPTIONS]

    def _rule_dates(self) -> str:
        dates, texts = self._contents.reader.rule_dates(), self._texts
        return texts.join_clauses(
            f"{texts(f'report.rule_data.{name}')} {dates[name]}" for name in NAMES if name in dates
        )

    def _option(self, name: str) -> str:
        value = self._row.config.get(name)
        return self._texts("report.no_limit") if value is None else str(value)

    def _not_examined(self) -> Iterator[Block]:
        """URLs and third parties that were not checked."""
        yield Heading(self._texts("report.not_examined"), 2, "not-examined")
        yield Text(self._texts("report.not_examined_intro"))
        yield from self._hosts_not_covered(self._contents.coverage.hosts)
        for outcome in NOT_LOOKED_AT:
            yield from self._domains_with(outcome)
        yield from self._warnings()

    def _hosts_not_covered(self, hosts: Mapping[str, Mapping[Seen, int]]) -> Iterator[Block]:
        costs = list(islice(self._contents.coverage.costs(), self._extent.hosts + 1))
        if not costs:
            return
        yield Heading(self._texts("report.pages_not_examined"), 3)
        columns = (
            Column(self._texts("report.host"), 6),
            Column(self._texts("report.what_became"), 6),
            Column(self._texts("report.addresses"), 2, is_number=True),
        )
        shown = costs[: self._extent.hosts]
        yield Table(
            columns, [[display_text(host), self._contents.seen_name(seen), str(number)] for seen, host, number in shown]
        )
        in_all = sum(1 for counts in hosts.values() for seen in NOT_JUDGED if counts.get(seen))
        yield from self._left_out(in_all - len(shown))

    def _domains_with(self, outcome: Outcome) -> Iterator[Block]:
        domains, total = self._contents.not_examined(outcome, limit=self._extent.hosts)
        if not total:
            return
        yield Heading(self._texts("report.third_parties_of", outcome=self._texts(outcome.value), count=total), 3)
        yield Text(self._texts.join_terms(map(display_text, domains)))
        yield from self._left_out(total - len(domains))

    def _warnings(self) -> Iterator[Block]:
        said = [display_text(str(item["message"])) for item in serialise_warnings(self._row, self._texts.language)]
        if not said:
            return
        yield Heading(self._texts("report.warnings"), 3)
        yield Items(said[:MAX_WARNINGS])
        yield from self._left_out(len(said) - MAX_WARNINGS)

    def _method(self) -> Iterator[Block]:
        yield Heading(self._texts("report.method"), 2, "method")
        yield Items(
            [self._texts(f"report.method.{name}") for name in ("finding", "risk", "evidence", "secrets", "limits")]
        )
