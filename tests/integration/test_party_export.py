"""All third parties of all sites as a file, over the real route and its process."""

import csv
from datetime import UTC, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from sqlalchemy import insert

from app.domain.report_format import MEDIA_TYPES, ReportFormat
from app.inventory.tables import site_parties

ROW = {
    **dict.fromkeys(("relation", "page", "script", "registrar", "registered_on", "title"), ""),
    "category": "ads", "target_domain": "a.example", "is_present": True, "reference_count": 1, "hidden": 0,
    "outcome": "examined", "attempt": 1, "run": 1, "task_id": "t",
    "first_seen_at": datetime(2026, 11, 1, tzinfo=UTC), "last_seen_at": datetime(2026, 11, 1, tzinfo=UTC),
}  # fmt: skip


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


async def fill(backend, headers, number):
    user_id = (await backend.client.get("/api/v1/auth/me", headers=headers)).json()["id"]
    rows = [{**ROW, "user_id": user_id, "domain": f"p{one}.test", "page_count": one} for one in range(number)]
    await backend.services.db.write(lambda connection: connection.execute(insert(site_parties), rows) and None)


async def get(backend, headers, query):
    return await backend.client.get(f"/api/v1/third-parties?{query}", headers=headers)


async def test_a_file_has_all_that_fit_and_not_a_page(backend, mei):
    await fill(backend, mei, 230)
    answer = await get(backend, mei, "format=csv&sort=-pages&page_size=50&lang=en")
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert (len(rows), rows[0]["Domain"], rows[0]["Pages that refer to it"]) == (230, "p229.test", "229")
    assert answer.headers["content-disposition"] == 'attachment; filename="compliance-third-parties.csv"'
    answer = await get(backend, mei, "format=xlsx&q=p11&risk=none")
    assert answer.headers["content-type"] == MEDIA_TYPES[ReportFormat.XLSX]
    (sheet,) = openpyxl.load_workbook(BytesIO(answer.content)).worksheets
    assert sheet.max_row == 1 + 11  # p11 and p110 to p119


async def test_others_get_their_own_and_unknown_orders_are_refused(backend, mei):
    await fill(backend, mei, 3)
    other = await backend.add_user("li")
    answer = await get(backend, other, "format=csv&lang=en")
    assert answer.content.decode("utf-8-sig").count("\r\n") == 1
    for query, code in (("format=csv&sort=page", "invalid_sort"), ("format=pdf", None), ("risk=worst", None)):
        refused = await get(backend, mei, query)
        assert refused.status_code in (400, 422)
        assert code in (None, refused.json()["code"])


async def test_one_reader_has_one_file_at_a_time_like_reports(backend, mei):
    await fill(backend, mei, 3)
    assert (await get(backend, mei, "format=xlsx")).status_code == 200
    assert (await get(backend, mei, "format=xlsx")).status_code == 200  # the first has ended
