"""Which module writes which format."""

from collections.abc import Iterator
from typing import assert_never

from app.core.spreadsheet import table_pieces
from app.domain.report_format import ReportFormat
from app.reports.formats.archive import archive_pieces
from app.reports.formats.contents import ReportContents
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import HTML_EXTENT, PDF_EXTENT
from app.reports.formats.html import html_pieces
from app.reports.formats.pdf import pdf_pieces
from app.reports.formats.sarif import sarif_pieces
from app.reports.formats.stix import stix_pieces
from app.reports.formats.tables import ReportTables, Sheet
from app.reports.formats.time_stamp import Stamp
from app.reports.formats.xlsx import xlsx_pieces
from app.reports.report_document import report_pieces


def render(kind: ReportFormat, contents: ReportContents, stamp: Stamp | None = None) -> Iterator[bytes]:
    """Yield the file in pieces of any size. Blocking. `stamp`: as of `archive_pieces`."""
    match kind:
        case ReportFormat.JSON:
            return json_document(contents)
        case ReportFormat.HTML:
            return html_document(contents)
        case ReportFormat.PDF:
            document = ReportDocument(contents, PDF_EXTENT)
            return pdf_pieces(
                document, title=document.title, author=_author(contents), language=contents.texts.language
            )
        case ReportFormat.CSV:
            table = ReportTables(contents).findings()
            return table_pieces(table.columns, table.rows)
        case ReportFormat.XLSX:
            return xlsx_pieces(_sheets(ReportTables(contents)))
        case ReportFormat.ZIP:
            same = contents.undated()  # the archive itself says, outside of its manifest, who made it and when
            documents = {"report.html": html_document(same)}
            if not same.is_part:  # it is the document of the whole scan
                documents["report.json"] = json_document(same)
            return archive_pieces(same, documents, contents.origin, stamp)
        case ReportFormat.SARIF:
            return sarif_pieces(contents)
        case ReportFormat.STIX:
            return stix_pieces(contents)
        case _:
            assert_never(kind)


def _author(contents: ReportContents) -> str:
    return contents.origin.organisation or contents.origin.program


def json_document(contents: ReportContents) -> Iterator[bytes]:
    return report_pieces(
        contents.db,
        contents.reader,
        contents.row,
        language=contents.texts.language,
        is_shared=contents.origin.is_shared,
    )


def html_document(contents: ReportContents) -> Iterator[bytes]:
    document = ReportDocument(contents, HTML_EXTENT)
    return html_pieces(document, title=document.title, texts=contents.texts)


def _sheets(tables: ReportTables) -> list[Sheet]:
    return [tables.findings(), tables.pages(), tables.third_parties(), tables.not_seen(), tables.references()]
