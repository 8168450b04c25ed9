import base64
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from app.core.errors import InvalidInput
from app.domain.assignments import ReviewFilter
from app.findings import review
from app.findings.due_findings import MOST_SCANS
from app.findings.review import ReviewCursor, ReviewService
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN

AT = datetime(2026, 11, 27, 7, 40, 4, 623_001, tzinfo=UTC)


@pytest.mark.parametrize("after", [None, (0.7999999999999999, "v1")])
def test_a_cursor_comes_back_as_it_was(after):
    cursor = ReviewCursor(AT, "t1", after)
    assert ReviewCursor.parse(str(cursor)) == cursor


def written(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!!!!",
        "é",
        written(),
        written(AT.isoformat()),
        written("2026-11-27T07:40:04", "t"),
        written(AT.isoformat(), 7),
        written(AT.isoformat(), "t\0"),
        written(AT.isoformat(), "t", 0.5),
        written(AT.isoformat(), "t", "0.5", "v"),
        written(AT.isoformat(), "t", None, "v"),
        written(AT.isoformat(), "t", 0.5, ["v"]),
        written(AT.isoformat(), "t", 0.5, "v", 1),
        written(1, "t"),
        written("0001-01-01T00:00:00+14:00", "t"),
    ],
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        ReviewCursor.parse(text)
    assert refused.value.code == "invalid_cursor"


class Evidence:
    """Tells of a finding its id alone."""

    async def summarise(self, principal, row, language, found):
        del principal, row, language
        names = [f"{item.cause}.{item.domain}" for item in found]
        return {name: {"id": name} for name in names}


@pytest.fixture
def world(db):
    return World(db)


async def pages_of(world):
    """The ids of the findings that wait, page by page."""
    world.recount()
    service = ReviewService(db=world.db, evidence=Evidence(), clock=world.clock)
    pages, cursor = [], None
    while True:
        page = await service.read(ADMIN, ReviewFilter(), cursor=cursor, limit=10, language="en")
        pages.append([item["finding"]["id"] for item in page.items])
        if (cursor := page.next_cursor) is None:
            return pages


async def test_what_waits_behind_many_scans_with_nothing_to_review_is_found(world, monkeypatch):
    monkeypatch.setattr(review, "SCANS_AT_ONCE", 2)
    for hours in range(1, 6):
        task_id = world.add("mei", f"site{hours}.test", hours)
        world.keep(task_id, 1, hours)
        if hours in (1, 3, 4):
            world.find(task_id, f"casino{hours}.test", needs_review=True)
    pages = await pages_of(world)
    assert [name for page in pages for name in page] == [f"gambling.casino{hours}.test" for hours in (4, 3, 1)]


async def test_the_rows_of_all_scans_of_a_page_are_read_together(world):
    for hours in range(1, 1 + MOST_SCANS):
        task_id = world.add("mei", f"site{hours}.test", hours)
        world.keep(task_id, 1, hours)
        world.find(task_id, f"casino{hours}.test", needs_review=True)
    world.recount()
    service = ReviewService(db=world.db, evidence=Evidence(), clock=world.clock)
    asked = []
    event.listen(world.db.engine, "before_cursor_execute", lambda *item: asked.append(item[2]))
    page = await service.read(ADMIN, ReviewFilter(), cursor=None, limit=50, language="en")
    assert len(page.items) == MOST_SCANS
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2 + MOST_SCANS


async def test_what_is_decided_takes_no_room_on_a_page(world):
    task_id = world.add("mei", "a.test", 1)
    world.keep(task_id, 1, 1)
    for number in range(30):  # what was found last is looked at first
        world.find(task_id, f"casino{number}.test", needs_review=True)
        if number:
            world.decide("mei", "a.test", f"casino{number}.test", 2)
    pages = await pages_of(world)
    assert [name for page in pages for name in page] == ["gambling.casino0.test"]
