"""The table of the third parties of all sites."""

import csv
from io import BytesIO, StringIO

import openpyxl
import pytest

from app.domain.messages import MessageCatalog
from app.domain.report_format import ReportFormat
from app.reports.formats.party_tables import COLUMNS, render_parties

ITEM = {
    "domain": "casino.test",
    "category": "ads",
    "services": ["Acme Ads", "Maps"],
    "risk_level": "high",
    "sites": 2,
    "pages": 31,
    "first_seen_at": "2026-11-01T02:00:00.000Z",
}
PLAIN = {**ITEM, "domain": "plain.test", "services": [], "risk_level": None, "pages": None, "category": "new kind"}


def rows_of_csv(items, language="en"):
    data = b"".join(render_parties(ReportFormat.CSV, items, MessageCatalog(language)))
    return list(csv.reader(StringIO(data.decode("utf-8-sig"))))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_each_has_a_row_and_the_columns_say_what_is_counted(language):
    texts = MessageCatalog(language)
    head, first, second = rows_of_csv([ITEM, PLAIN], language)
    assert head == [texts(f"report.{name}") for name in COLUMNS]
    services = texts.join_terms(["Acme Ads", "Maps"])
    assert first == [
        texts("high"), "casino.test", "31", "2", texts("category.ads"), services, "2026-11-01 02:00:00 UTC",
    ]  # fmt: skip
    assert second[:6] == [texts("report.no_risk"), "plain.test", "", "2", "new kind", ""]


def test_no_cell_of_it_is_a_formula():
    hostile = {**ITEM, "domain": "=cmd|' /C calc'!A1", "services": ["+1+1", "@SUM(A1)"]}
    (_, row) = rows_of_csv([hostile])
    assert (row[1][0], row[5][0]) == ("'", "'")


def test_a_workbook_has_the_same_rows_with_numbers_and_filters():
    data = b"".join(render_parties(ReportFormat.XLSX, [ITEM, PLAIN], MessageCatalog("en")))
    (sheet,) = openpyxl.load_workbook(BytesIO(data)).worksheets
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:4] == ("high", "casino.test", 31, 2)
    assert rows[2][:4] == (MessageCatalog("en")("report.no_risk"), "plain.test", None, 2)
    assert sheet.auto_filter.ref == "A1:G3"


def test_other_formats_are_refused():
    with pytest.raises(ValueError, match="pdf"):
        render_parties(ReportFormat.PDF, [], MessageCatalog("en"))
