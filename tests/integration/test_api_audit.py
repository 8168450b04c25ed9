"""The audit log over the real application: who reads it, how it is filtered, and how it is taken out."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from app.identity.audit_reading import CHUNK
from app.identity.queries import audit
from app.identity.schemas.audit import AuditPage

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def admin(backend):
    return await backend.login()


@pytest.fixture
async def mei(backend):
    await backend.add_user("mei")
    await backend.services.audit.flush()
    rows, _ = await backend.services.users.list_page(page=1, page_size=5)
    return next(row.id for row in rows if row.username == "mei")


async def write(backend, *rows):
    """Rows of an hour each from BEGIN on; two of them at the same moment say so."""
    values = [
        {"at": BEGIN + timedelta(hours=number), "action": "task.create", "outcome": "ok", "detail": {}, **row}
        for number, row in enumerate(rows)
    ]
    await backend.services.db.write(lambda c: audit.add_all(c, values))


async def read(backend, admin, query="", status=200):
    answer = await backend.client.get(f"/api/v1/admin/audit?{query}", headers=admin)
    assert answer.status_code == status, answer.text
    if status == 200:
        AuditPage.model_validate(answer.json())
    return answer.json()


def window(hours):
    return f"since=2026-01-01T00:00:00Z&until={(BEGIN + timedelta(hours=hours)).isoformat().replace('+00:00', 'Z')}"


async def test_rows_come_the_newest_first_with_names_and_a_cursor(backend, admin, mei):
    await write(backend, *({"user_id": mei, "object_id": str(number)} for number in range(7)))
    whole = await read(backend, admin, window(100))
    assert [row["object_id"] for row in whole["items"]] == ["6", "5", "4", "3", "2", "1", "0"]
    assert {row["username"] for row in whole["items"]} == {"mei"}
    assert whole["next_cursor"] is None
    found, cursor = [], ""
    while cursor is not None:
        page = await read(backend, admin, f"{window(100)}&limit=3{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next_cursor"]
    assert found == whole["items"]


async def test_rows_of_one_moment_are_neither_lost_nor_doubled_between_pages(backend, admin):
    await write(backend, *({"at": BEGIN, "object_id": str(number)} for number in range(5)))
    first = await read(backend, admin, f"{window(1)}&limit=2")
    rest = await read(backend, admin, f"{window(1)}&limit=5&cursor={first['next_cursor']}")
    assert [row["object_id"] for row in first["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]


async def test_actor_action_and_time_are_filters(backend, admin, mei):
    await write(
        backend,
        {"user_id": mei, "action": "auth.login"},
        {"user_id": mei, "action": "task.cancel"},
        {"user_id": "gone", "action": "task.cancel"},
        {"user_id": None, "action": "task.cancel", "outcome": "denied"},
    )

    async def hours(query):
        rows = (await read(backend, admin, f"{window(10)}&{query}"))["items"]
        return [datetime.fromisoformat(row["at"]).hour for row in rows]

    assert await hours("actor=mei") == await hours(f"actor={mei}") == await hours("actor=MEI") == [1, 0]
    assert await hours("actor=gone") == [2]
    assert await hours("actor=nobody") == []
    assert await hours("action=task.cancel") == [3, 2, 1]
    assert await hours("action=task.cancel&actor=mei") == [1]
    assert [
        row["object_id"]
        for row in (await read(backend, admin, "since=2026-01-01T01:00:00Z&until=2026-01-01T02:00:00Z"))["items"]
    ] == [None]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x", "cursor=W10", "cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIngiXQ", "limit=0", "limit=201",
        "since=yesterday", "since=2026-01-01T00:00:00", "action=", "actor=a%00", "format=xml",
        "since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00",
        "cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwxXQ",
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_for_is_refused(backend, admin, query):
    await read(backend, admin, query, 422)


async def test_nobody_else_reads_it(backend):
    answer = await backend.client.get("/api/v1/admin/audit", headers=await backend.add_user("mei"))
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")


async def test_all_rows_come_out_as_a_table_without_formulas(backend, admin):
    await write(backend, {"object_id": "=1+1", "detail": {"code": "a,b"}}, {"object_id": "2"})
    answer = await backend.client.get(f"/api/v1/admin/audit?{window(10)}&format=csv", headers=admin)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["object_id"] for row in rows] == ["2", "'=1+1"]
    assert json.loads(rows[1]["detail"]) == {"code": "a,b"}


async def test_all_rows_come_out_as_lines_over_many_reads(backend, admin):
    await write(backend, *({"object_id": str(number)} for number in range(CHUNK + 3)))
    answer = await backend.client.get(f"/api/v1/admin/audit?{window(600)}&format=ndjson", headers=admin)
    lines = [json.loads(line)["object_id"] for line in answer.text.splitlines()]
    assert lines == [str(number) for number in reversed(range(CHUNK + 3))]
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="audit.export"))
    assert row.detail == {"format": "ndjson"}
