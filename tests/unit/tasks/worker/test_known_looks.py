"""A scan's way to the looks that people have confirmed."""

from types import SimpleNamespace

import pytest

from app.core.db import Database
from app.domain.findings import FindingId
from app.domain.page_looks import KnownLook, PageLook
from app.domain.violations import ViolationKey
from app.engines.pipeline.analysis.appearance_index import LooksUnavailable
from app.findings.queries import decisions
from app.tasks.worker import known_looks
from app.tasks.worker.known_looks import StoredLooks
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user

LOOK, ICON = PageLook(7, 8), "0" * 38


@pytest.fixture
async def db(database_url):
    database = Database(database_url)
    create_tables(database)
    yield database
    await database.close()


async def test_it_has_those_of_everybody_and_says_which_are_one_s_own(db, monkeypatch):
    clock = FakeClock()
    mei, li = add_user(db, clock, "mei"), add_user(db, clock, "li")
    monkeypatch.setattr(known_looks.tasks, "find", lambda _, task_id: SimpleNamespace(user_id=mei))
    for user_id, domain, look, icon in (
        (mei, "a.test", str(LOOK), None),
        (li, "b.test", str(LOOK), ICON),
        (li, "c.test", "of another version", None),
        (li, "d.test", None, None),
        (mei, "e.test", None, ICON),
    ):
        values = {"kinds": ["adult"], "state": "confirmed", "decided_by": "u", "decided_by_name": "u"}
        values |= {"decided_at": clock.now(), "look": look, "icon": icon}
        finding = FindingId(ViolationKey.ADULT, domain)
        assert db.write_sync(lambda c, u=user_id, f=finding, v=values: decisions.put(c, u, "t.test", f, v, version=0))
    found = {one.domain: one for one in await StoredLooks(db).load("task")}
    assert found == {
        "a.test": KnownLook(LOOK, ViolationKey.ADULT, "a.test", is_own=True),
        "b.test": KnownLook(LOOK, ViolationKey.ADULT, "b.test", is_own=False, icon=ICON),
        "e.test": KnownLook(None, ViolationKey.ADULT, "e.test", is_own=True, icon=ICON),
    }


async def test_a_database_that_is_away_is_said(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'none' / 'main.db'}", busy_timeout_s=0.1)
    try:
        with pytest.raises(LooksUnavailable):
            await StoredLooks(db).load("task")
    finally:
        await db.close()
