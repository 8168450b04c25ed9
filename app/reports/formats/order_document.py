"""The report of an order as a document: what all its scans say together, its targets by risk, then what was found."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.clock import to_wire
from app.core.redact import display_text
from app.domain.verdict import Result
from app.domain.violations import WORST_FIRST
from app.orders.standings import OrderedScan
from app.reports.formats.blocks import (
    Block,
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    Masthead,
    PageBreak,
    Statement,
    Table,
    Text,
    Tile,
    Tiles,
    Tone,
)
from app.reports.formats.order_contents import FoundDomain, OrderContents, SiteFinding
from app.reports.formats.own_domains_fact import own_domains_fact
from app.reports.formats.sign_off import sign_off
from app.reports.formats.wording import moment_text
from app.scans.serialisers import optional_to_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExtent:
    """How much a document for people shows; the tables have no such bounds."""

    domains_listed: int
    domains_in_full: int
    targets: int  # named in a row
    places: int  # of one domain, in full


HTML_ORDER: Final = OrderExtent(domains_listed=5_000, domains_in_full=500, targets=20, places=500)
PDF_ORDER: Final = OrderExtent(domains_listed=300, domains_in_full=60, targets=8, places=20)


class OrderDocument:
    """Iterate over it once."""

    def __init__(self, contents: OrderContents, extent: OrderExtent) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent

    @property
    def title(self) -> str:
        named = self._contents.row.title
        what = self._texts("report.domains_counted", count=self._contents.row.size)
        return self._texts("report.title", target=what if named is None else display_text(named))

    def __iter__(self) -> Iterator[Block]:
        yield from self._summary()
        yield PageBreak()
        yield from self._targets()
        yield from self._domains()
        yield from self._in_full()
        yield from sign_off(self._contents.origin, self._texts)
        yield from self._record()
        yield Heading(self._texts("report.method"), 2, "method")
        yield Items([self._texts(f"report.method.{name}") for name in ("order", "finding", "limits")])

    def _summary(self) -> Iterator[Block]:
        """The result in a few sentences, including what is unknown."""
        texts, origin = self._texts, self._contents.origin
        ordered = texts("report.ordered_on", time=moment_text(to_wire(self._contents.row.created_at)))
        yield Masthead(origin.organisation, origin.logo, ordered)
        yield Heading(self.title, 1)
        said = list(self._results())
        yield from [Statement(*said[0])] if said else []
        yield from (Text(text, tone) for text, tone in said[1:])
        if gone := self._contents.row.size - len(self._contents.scans):
            yield Text(texts("report.order_deleted", count=gone), Tone.NOTE)
        counts = {level: self._count(level) for level in WORST_FIRST}
        yield Tiles(
            [
                Tile(str(count), texts("report.findings_of", level=texts(level)), level if count else "")
                for level, count in counts.items()
            ]
        )
        if dismissed := sum(scan.dismissed for scan in self._contents.scans):
            yield Text(texts("report.not_counted", count=dismissed))

    def _results(self) -> Iterator[tuple[str, Tone]]:
        texts, scans = self._texts, self._contents.scans
        results = Counter(scan.standing.result for scan in scans)
        if affected := results[Result.VIOLATIONS]:
            yield texts("report.order_violations", affected=affected, targets=len(scans)), Tone.WARNING
        if results[Result.CLEAN]:
            tone = Tone.GOOD if results[Result.CLEAN] == len(scans) else Tone.PLAIN
            yield texts("report.order_clean", count=results[Result.CLEAN]), tone
        if results[Result.INCONCLUSIVE]:
            yield texts("report.order_inconclusive", count=results[Result.INCONCLUSIVE]), Tone.WARNING
        if unfinished := sum(scan.standing.is_unfinished for scan in scans):
            yield texts("report.order_unfinished", count=unfinished), Tone.WARNING

    def _record(self) -> Iterator[Block]:
        """By what the order and this report are found again."""
        row, texts, origin = self._contents.row, self._texts, self._contents.origin
        yield Heading(texts("report.record"), 2, "record")
        yield Facts(
            [
                (texts("report.order"), row.id),
                (texts("report.targets"), str(row.size)),
                (texts("report.ordered_at"), moment_text(to_wire(row.created_at))),
                (texts("report.made_at"), moment_text(optional_to_wire(origin.made_at))),
                (texts("report.made_by"), display_text(origin.made_by)),
                (texts("report.program"), origin.program),
                *own_domains_fact(row.config, texts),
            ]
        )

    def _count(self, level: str) -> int:
        """Count all open findings, those too that have no place among the domains."""
        return sum(scan.open_counts[level] for scan in self._contents.scans)

    def _targets(self) -> Iterator[Block]:
        yield Heading(self._texts("report.targets"), 2, "targets")
        columns = (
            Column(self._texts("report.target"), 8),
            Column(self._texts("report.outcome"), 6),
            *(Column(self._texts(level), 3, is_number=True) for level in WORST_FIRST),
            Column(self._texts("decision.dismissed"), 3, is_number=True),
            Column(self._texts("report.completed_at"), 6),
        )
        yield Table(columns, [self._target(scan) for scan in self._contents.scans])

    def _target(self, scan: OrderedScan) -> list[Cell | str]:
        return [
            display_text(scan.task.target_domain),
            standing_text(scan, self._contents),
            *(str(scan.open_counts[level] or "") for level in WORST_FIRST),
            str(scan.dismissed or ""),
            moment_text(optional_to_wire(scan.shown.completed_at)),
        ]

    def _domains(self) -> Iterator[Block]:
        """One row for each domain, however many targets lead to it."""
        found = self._contents.domains
        if not found:
            return
        yield Heading(self._texts("report.order_domains"), 2, "domains")
        columns = (
            Column(self._texts("report.risk"), 3),
            Column(self._texts("report.domain"), 7),
            Column(self._texts("report.kind"), 5),
            Column(self._texts("report.targets_counted"), 3, is_number=True),
            Column(self._texts("report.found_at_targets"), 12),
        )
        shown = found[: self._extent.domains_listed]
        yield Table(columns, [self._domain(number, one) for number, one in enumerate(shown)])
        yield from self._left_out(len(found) - len(shown) + self._contents.omitted)

    def _domain(self, number: int, found: FoundDomain) -> list[Cell | str]:
        anchor = f"domain-{number}" if number < self._extent.domains_in_full else ""
        return [
            Cell(self._level_name(found), found.risk_level),
            Cell(display_text(found.domain), anchor=anchor),
            self._texts.join_terms(map(self._contents.kind_name, found.kinds)),
            str(len(found.targets)),
            self._named(found.targets),
        ]

    def _level_name(self, found: FoundDomain) -> str:
        return level_name(found, self._contents)

    def _named(self, targets: Sequence[str]) -> str:
        shown = self._texts.join_terms(map(display_text, targets[: self._extent.targets]))
        rest = len(targets) - self._extent.targets
        return self._texts("report.and_more", names=shown, count=rest) if rest > 0 else shown

    def _in_full(self) -> Iterator[Block]:
        """Where each of the worst was found, place by place."""
        columns = (
            Column(self._texts("report.target"), 6),
            Column(self._texts("report.page"), 10),
            Column(self._texts("report.leads_to"), 10),
            Column(self._texts("report.decision"), 4),
        )
        for number, found in enumerate(self._contents.domains[: self._extent.domains_in_full]):
            kinds = self._texts.join_terms(map(self._contents.kind_name, found.kinds))
            title = self._texts("labelled", what=display_text(found.domain), text=kinds)
            yield Heading(title, 3, f"domain-{number}", found.risk_level, self._level_name(found))
            places = found.findings[: self._extent.places]
            yield Table(columns, [self._place(place) for place in places])
            yield from self._left_out(len(found.findings) - len(places))

    def _place(self, one: SiteFinding) -> list[Cell | str]:
        return [
            display_text(one.scan.task.target_domain),
            display_text(one.found_on),
            display_text(one.url),
            self._texts(f"decision_state.{one.state}"),
        ]

    def _left_out(self, count: int) -> Iterator[Block]:
        if count > 0:
            yield Text(self._texts("report.left_out", count=count), Tone.NOTE)


def level_name(found: FoundDomain, contents: OrderContents) -> str:
    """Return the highest risk of what was found of a domain, or that all of it was dismissed."""
    return contents.texts(found.risk_level or "decision.dismissed")


def standing_text(scan: OrderedScan, contents: OrderContents) -> str:
    """Return what is known of a target, and where its scan is when it has not ended."""
    texts, result = contents.texts, scan.standing.result
    known = texts("report.result.unknown" if result is None else f"report.result.{result}")
    return texts("report.result_so_far", result=known, status=texts(scan.task.status)) if _is_open(scan) else known


def _is_open(scan: OrderedScan) -> bool:
    """Whether the status adds something to the result."""
    return scan.task.status != "completed"
