"""The appendix of a report: how the scan was made, what proves the findings, and what else it has met."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from app.core.redact import display_text
from app.domain.coverage import NOT_JUDGED, Seen
from app.domain.messages import MessageCatalog
from app.domain.reputation_lists import UsedList
from app.domain.rule_data import NAMES
from app.domain.third_parties import Outcome
from app.domain.verdict import Verdict
from app.reports.formats.blocks import Block, Cell, Column, Facts, Heading, Items, Table, Text, Tone
from app.reports.formats.board_page import NOT_LOOKED_AT
from app.reports.formats.capture_register import CaptureRegister
from app.reports.formats.contents import ReportContents
from app.reports.formats.discovery_section import discovery_section
from app.reports.formats.extent import Extent
from app.reports.formats.own_domains_fact import own_domains_fact
from app.reports.formats.possibly_own_section import possibly_own_section
from app.reports.formats.readers_section import readers_section
from app.reports.formats.wording import duration_text, moment_text
from app.scans.serialisers import optional_to_wire, serialise_statistics, serialise_warnings
from app.scanstore.rows import ThirdPartyWithOutcome

MAX_WARNINGS: Final = 200
NOT_SEEN: Final = "not_seen"  # key of the warning's text
OPTIONS: Final = ("max_pages", "max_depth", "time_limit_s")
METHOD: Final = ("finding", "risk", "evidence", "times", "pictures", "secrets", "limits")


class Appendix:
    """Iterate over it once, when everything else was shown: the register is complete then."""

    def __init__(self, contents: ReportContents, extent: Extent, register: CaptureRegister) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent
        self._row = contents.row
        self._register = register

    def __iter__(self) -> Iterator[Block]:
        parts = {
            "coverage": self._coverage,
            "captures": self._register.blocks,
            "third_parties": self._third_parties,
            "record": self._record,
            "method": self._method,
        }
        if self._contents.is_part:  # what is about the scan as a whole stands in the report of the whole scan
            del parts["coverage"], parts["third_parties"]
        for letter, (name, part) in zip("ABCDE", parts.items(), strict=False):
            title = self._texts("report.appendix", letter=letter, title=self._texts(f"report.{name}"))
            yield Heading(title, 2, name.replace("_", "-"))
            yield from part()

    def _record(self) -> Iterator[Block]:
        """By what this scan and this report are found again."""
        row, texts, origin = self._row, self._texts, self._contents.origin
        rows = [
            (texts("report.target"), display_text(row.target_domain)),
            (texts("report.attempt"), texts("report.attempt_number", attempt=row.attempt)),
            (texts("report.task"), row.id),
            (texts("report.status"), texts(row.status)),
            (texts("report.started_by"), display_text(self._contents.started_by)),
            (texts("report.started_at"), moment_text(optional_to_wire(row.started_at))),
            (texts("report.completed_at"), moment_text(optional_to_wire(row.completed_at))),
            (texts("report.duration"), duration_text(serialise_statistics(row)["execution_duration"], texts)),
            (texts("report.made_at"), moment_text(optional_to_wire(origin.made_at))),
            (texts("report.made_by"), display_text(origin.made_by)),
            (texts("report.program"), origin.program),
            (texts("report.rule_data"), self._rule_dates()),
            *((texts(f"report.option.{name}"), self._option(name)) for name in OPTIONS),
            *own_domains_fact(row.config, texts),
        ]
        yield Facts([item for item in rows if item[1]])
        reader = self._contents.reader
        yield from discovery_section(reader.discovery(), texts)
        yield from lists_section(reader.lists(), texts)
        yield from readers_section(reader.reading(), reader.local_reading(), texts)

    def _rule_dates(self) -> str:
        dates, texts = self._contents.reader.rule_dates(), self._texts
        return texts.join_clauses(
            f"{texts(f'report.rule_data.{name}')} {dates[name]}" for name in NAMES if name in dates
        )

    def _option(self, name: str) -> str:
        value = self._row.config.get(name)
        return self._texts("report.no_limit") if value is None else str(value)

    def _third_parties(self) -> Iterator[Block]:
        total = self._contents.third_party_count
        if not total:
            yield Text(self._texts("report.no_third_parties"))
            return
        columns = (
            Column(self._texts("report.domain"), 20),
            Column(self._texts("report.category"), 12),
            Column(self._texts("report.risk"), 9),
            Column(self._texts("report.outcome"), 12),
            Column(self._texts("report.references"), 11, is_number=True),
            Column(self._texts("report.hidden_references"), 12, is_number=True),
            Column(self._texts("report.example_page"), 24, is_small=True),
        )
        shown = islice(self._contents.third_parties(), self._extent.third_parties)
        yield Table(columns, [self._third_party(party) for party in shown])
        yield from self._left_out(total - self._extent.third_parties)
        yield from possibly_own_section(self._contents.reader.possibly_own(), self._texts)

    def _third_party(self, party: ThirdPartyWithOutcome) -> list[Cell | str]:
        level = self._contents.level_of.get(party.domain, "")
        is_found = party.domain in self._contents.found_domains
        without_level = self._texts("decision.dismissed") if is_found else ""
        return [
            display_text(party.domain),
            self._contents.category_of(party),
            Cell(self._texts(level), level) if level else without_level,
            self._texts(party.outcome.value),
            str(party.references),
            str(party.hidden or ""),
            display_text(party.example_page),
        ]

    def _left_out(self, count: int) -> Iterator[Block]:
        if count > 0:
            yield Text(self._texts("report.left_out", count=count), Tone.NOTE)

    def _coverage(self) -> Iterator[Block]:
        """What was looked at, and what was not: there is no result for it."""
        yield Text(self._texts("report.coverage_intro"))
        if self._row.verdict and (reasons := Verdict.from_json(self._row.verdict).names(self._texts.language)):
            yield Text(self._texts("report.limited_by", reasons=self._texts.join_clauses(reasons)))
        statistics, (crawled, known) = serialise_statistics(self._row), self._contents.reader.coverage()
        yield Facts(
            [
                (self._texts("report.crawled"), self._texts("report.crawled_of", crawled=crawled, known=known)),
                (self._texts("report.subdomains"), str(statistics["total_subdomains"])),
                (self._texts("report.pages"), str(statistics["total_pages_crawled"])),
                (self._texts("report.third_party_count"), str(self._contents.third_party_count)),
            ]
        )
        total = self._contents.coverage.total
        columns = (
            Column(self._texts("report.what_became"), 6),
            Column(self._texts("report.addresses"), 2, is_number=True),
        )
        if total:
            yield Table(columns, [[self._contents.seen_name(seen), str(number)] for seen, number in total.items()])
        yield from self._hosts_not_covered(self._contents.coverage.hosts)
        for outcome in NOT_LOOKED_AT:
            yield from self._domains_with(outcome)
        yield from self._warnings()

    def _hosts_not_covered(self, hosts: Mapping[str, Mapping[Seen, int]]) -> Iterator[Block]:
        costs = list(islice(self._contents.coverage.costs(), self._extent.hosts + 1))
        if not costs:
            return
        yield Heading(self._texts("report.pages_not_examined"), 3, "not-examined")
        yield Text(self._texts("report.not_examined_intro"))
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
        """The warnings, but those of URLs that were not checked, if the table of hosts has them."""
        known = (NOT_SEEN,) if self._contents.coverage.hosts else ()
        warnings = serialise_warnings(self._row, self._texts.language)
        said = [display_text(str(item["message"])) for item in warnings if item.get("text_key") not in known]
        if not said:
            return
        yield Heading(self._texts("report.warnings"), 3)
        yield Items(said[:MAX_WARNINGS])
        yield from self._left_out(len(said) - MAX_WARNINGS)

    def _method(self) -> Iterator[Block]:
        yield Items([self._texts(f"report.method.{name}") for name in METHOD])


def lists_section(lists: Sequence[UsedList], texts: MessageCatalog) -> Iterator[Block]:
    """Yield the lists of the deployment that a scan looked into, and their versions; nothing without lists."""
    if not lists:
        return
    yield Heading(texts("report.lists"), 3)
    columns = (
        Column(texts("report.lists.name"), 4),
        Column(texts("report.lists.date"), 2),
        Column(texts("report.lists.entries"), 2, is_number=True),
        Column("SHA-256", 6),
    )
    yield Table(columns, [_list_row(used, texts) for used in lists])


def _list_row(used: UsedList, texts: MessageCatalog) -> list[str]:
    kind = texts(f"report.lists.{used.kind}")
    name = texts("report.lists.said", name=used.name, kind=kind, source=display_text(used.source))
    return [name, used.date, str(used.entries), used.sha256]
