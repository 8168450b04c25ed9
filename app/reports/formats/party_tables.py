"""The third parties of all sites as a table."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.core.spreadsheet import table_pieces
from app.domain.messages import MessageCatalog
from app.domain.report_format import ReportFormat
from app.reports.formats.tables import Sheet, Value
from app.reports.formats.wording import moment_text
from app.reports.formats.xlsx import xlsx_pieces

COLUMNS: Final = (
    "risk",
    "domain",
    "pages_referring",
    "sites_using",
    "category",
    "services",
    "first_seen_at",
)


def render_parties(kind: ReportFormat, items: Sequence[Json], texts: MessageCatalog) -> Iterator[bytes]:
    """Yield the file in pieces. `items`: `inventory.schemas.InventoryItem`. Raises ValueError for other formats."""
    columns = [texts(f"report.{name}") for name in COLUMNS]
    sheet = Sheet(texts("report.third_parties"), columns, (_row(item, texts) for item in items), is_filtered=True)
    match kind:
        case ReportFormat.CSV:
            return table_pieces(sheet.columns, sheet.rows)
        case ReportFormat.XLSX:
            return xlsx_pieces([sheet])
        case _:
            raise ValueError(kind)


def _row(item: Json, texts: MessageCatalog) -> list[Value]:
    level, category = item["risk_level"], f"category.{item['category']}"
    return [
        texts("report.no_risk") if level is None else texts(level),
        display_text(item["domain"]),
        item["pages"],
        item["sites"],
        texts(category) if category in texts else item["category"],
        texts.join_terms([display_text(name) for name in item["services"]]),
        moment_text(item["first_seen_at"]),
    ]
