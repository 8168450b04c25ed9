"""The report as a document: the page for the board, all findings in a table, what to do, and each finding in full."""

from collections.abc import Iterator, Sequence

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.reports.formats.appendix import Appendix
from app.reports.formats.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Items,
    PageBreak,
    Statement,
    Table,
    Text,
    Tone,
)
from app.reports.formats.board_page import BoardPage, masthead_of
from app.reports.formats.capture_register import CaptureRegister
from app.reports.formats.contents import ReportContents
from app.reports.formats.extent import Extent
from app.reports.formats.finding_screenshots import FindingScreenshots
from app.reports.formats.finding_section import FindingSection, anchor_of, shown_parts
from app.reports.formats.measures import Measures, numbers_text
from app.reports.formats.sign_off import sign_off
from app.reports.formats.wording import is_dismissed, shown_level


class ReportDocument:
    """Iterate over it once; what it shows is read meanwhile. Findings are numbered, the worst first, from 1."""

    def __init__(self, contents: ReportContents, extent: Extent) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent
        self._screenshots = FindingScreenshots(contents, width=extent.picture_width)

    @property
    def title(self) -> str:
        return self._texts("report.title", target=display_text(self._contents.row.target_domain))

    def __iter__(self) -> Iterator[Block]:
        documents = dict(self._documents())
        valid = {number: document for number, document in documents.items() if not is_dismissed(document)}
        measures, register = Measures(valid.items(), self._texts), CaptureRegister(self._contents)
        if self._contents.is_part:
            yield from self._part_page()
        else:
            yield from BoardPage(
                self._contents, title=self.title, documents=valid, measures=measures, screenshots=self._screenshots
            )
            yield PageBreak()
        yield from self._overview()
        yield from self._measures(measures)
        section = FindingSection(
            self._contents, self._extent, measures=measures, screenshots=self._screenshots, register=register
        )
        yield from self._findings(documents, section)
        yield from sign_off(self._contents.origin, self._texts)
        yield from Appendix(self._contents, self._extent, register)

    def _part_page(self) -> Iterator[Block]:
        """Say first that it is a part: what a board has to know are numbers of the whole scan."""
        contents = self._contents
        yield masthead_of(contents)
        yield Heading(self.title, 1)
        shown, total = len(contents.findings), len(contents.all_findings)
        yield Statement(self._texts("report.part", count=shown, total=total), Tone.WARNING)

    def _documents(self) -> Iterator[tuple[int, Json]]:
        """Yield the findings in full with their numbers, each with what is shown of it."""
        for number, item in enumerate(self._contents.findings[: self._extent.findings_in_full], 1):
            yield number, shown_parts(self._contents.finding(item["finding_id"]), self._extent)

    def _overview(self) -> Iterator[Block]:
        """All findings in a table, by risk, then those that were dismissed in one of their own."""
        found = self._contents.findings
        if not found:
            return
        yield Heading(self._texts("report.overview"), 2, "overview")
        shown = list(enumerate(found[: self._extent.findings_listed], 1))
        if standing := [item for item in shown if not is_dismissed(item[1])]:
            yield self._overview_table(standing)
        if dismissed := shown[len(standing) :]:
            yield Heading(self._texts("report.dismissed"), 3, "dismissed")
            yield self._overview_table(dismissed)
        rest = len(found) - len(shown)
        if rest > 0:
            yield Text(self._texts("report.left_out", count=rest), Tone.NOTE)

    def _overview_table(self, found: Sequence[tuple[int, Json]]) -> Table:
        columns = (
            Column(self._texts("report.number"), 2, is_number=True),
            Column(self._texts("report.risk"), 5),
            Column(self._texts("report.domain"), 9),
            Column(self._texts("report.kind"), 6),
            Column(self._texts("report.description"), 20),
        )
        return Table(columns, [self._overview_row(*item) for item in found])

    def _overview_row(self, number: int, item: Json) -> list[Cell | str]:
        anchor = anchor_of(item["finding_id"]) if number <= self._extent.findings_in_full else ""
        risk = Cell(f"{item['risk']['level_name']} {item['risk']['score']}", shown_level(item))
        domain = Cell(item["domain"], anchor=anchor)
        return [str(number), risk, domain, item["violation_name"], item["summary"]]

    def _measures(self, measures: Measures) -> Iterator[Block]:
        """Instructions for the people who carry them out, each once."""
        if not measures.in_order:
            return
        yield Heading(self._texts("report.guides"), 2, "guides")
        yield Text(self._texts("report.guides_intro"))
        for measure in measures.in_order:
            name = f"{measures.letter(measure.advice)}. {measures.name(measure.advice)}"
            needed_by = numbers_text(list(measure.findings), self._texts)
            steps = measures.steps(measure.advice)
            yield Heading(self._texts("report.action", what=name, findings=needed_by), 3)
            yield from [Items(steps, numbered=True)] if len(steps) > 1 else [Text(steps[0])]

    def _findings(self, documents: dict[int, Json], section: FindingSection) -> Iterator[Block]:
        """The worst ones in full."""
        if not documents:
            return
        yield Heading(self._texts("report.details"), 2, "details")
        for number, document in documents.items():
            yield from section.blocks(number, document, pictures=number <= self._extent.findings_with_pictures)
        rest = len(self._contents.findings) - len(documents)
        if rest > 0:
            yield Text(self._texts("report.not_in_full", count=rest), Tone.NOTE)
