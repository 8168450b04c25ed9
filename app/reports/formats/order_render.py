"""Which module writes which format of an order's report."""

from collections.abc import Iterator

from app.core.json_chunks import Json, object_pieces
from app.core.spreadsheet import table_pieces
from app.domain.messages import Language
from app.domain.report_format import ReportFormat
from app.orders.service import property_view, summary
from app.reports.formats.html import html_pieces
from app.reports.formats.order_contents import FoundDomain, OrderContents, SiteFinding
from app.reports.formats.order_document import HTML_ORDER, PDF_ORDER, OrderDocument
from app.reports.formats.order_tables import OrderTables
from app.reports.formats.pdf import pdf_pieces
from app.reports.formats.xlsx import xlsx_pieces


def render_order(kind: ReportFormat, contents: OrderContents) -> Iterator[bytes]:
    """Yield the file in pieces of any size. Blocking. Raises ValueError for a format that orders have not."""
    match kind:
        case ReportFormat.JSON:
            return _json(contents)
        case ReportFormat.HTML:
            document = OrderDocument(contents, HTML_ORDER)
            return html_pieces(document, title=document.title, texts=contents.texts)
        case ReportFormat.PDF:
            document = OrderDocument(contents, PDF_ORDER)
            author, language = contents.origin.organisation or contents.origin.program, contents.texts.language
            return pdf_pieces(document, title=document.title, author=author, language=language)
        case ReportFormat.CSV:
            table = OrderTables(contents).joined()
            return table_pieces(table.columns, table.rows)
        case ReportFormat.XLSX:
            tables = OrderTables(contents)
            return xlsx_pieces([tables.targets(), tables.domains(), tables.findings()])
        case _:
            raise ValueError(kind)


def _json(contents: OrderContents) -> Iterator[bytes]:
    """Yield `orders.schemas.OrderReport`."""
    language = Language(contents.texts.language)
    head = {**summary(contents.row, contents.scans), "omitted_findings": contents.omitted}
    return object_pieces(
        head,
        properties=(property_view(scan, language) for scan in contents.scans),
        domains=(_domain(found) for found in contents.domains),
    )


def _domain(found: FoundDomain) -> Json:
    return {
        "domain": found.domain,
        "risk_level": found.risk_level or None,
        "kinds": found.kinds,
        "targets": found.targets,
        "findings": [_finding(finding) for finding in found.findings],
    }


def _finding(one: SiteFinding) -> Json:
    return {
        "task_id": one.scan.task.id,
        "attempt": one.scan.shown.attempt,
        "target_domain": one.scan.task.target_domain,
        "finding_id": one.finding_id,
        "kinds": list(one.kinds),
        "risk_level": one.risk_level,
        "confidence_score": one.confidence_score,
        "needs_review": one.needs_review,
        "decision": one.state.value,
        "url": one.url or None,
        "found_on": one.found_on or None,
    }
