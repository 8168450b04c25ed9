import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from app.compose.tables import metadata
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.domain.violations import Evidence
from app.domain.visitors import Visitor
from app.migrations import runner
from app.migrations.runner import head_revision, migrate, read_revision
from tests.support.backend import HandClock
from tests.support.said import refused

FIRST = "0042"
FIRST_SCHEMA = "b046aae700f6cd1dff9976fb40b43aabdba2d8f990984412eed282e0b0e3e550"


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'main.db'}", busy_timeout_s=0.1)
    yield db
    await db.close()


def schema(path: Path) -> dict[str, list[str]]:
    """Each object's definition, its clauses sorted: the order of columns and constraints means nothing."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return {name: clauses_of(sql) for name, sql in rows if not name.startswith("alembic")}


def clauses_of(sql: str) -> list[str]:
    head, _, rest = " ".join(sql.split()).partition("(")
    body, _, tail = rest.rpartition(")")
    return [head.strip(), *sorted(clause.strip() for clause in body.split(", ")), tail.strip()]


async def test_the_newest_revision_is_what_the_models_say(db, tmp_path):
    assert migrate(db, clock=HandClock()).changed
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(fresh.engine)
    await fresh.close()
    assert schema(tmp_path / "main.db") == schema(tmp_path / "fresh.db")


async def test_the_first_revision_makes_what_the_databases_at_it_have(db, tmp_path):
    """Databases at it are out there: the first revision is never changed."""
    scripts = runner._scripts(runner.HERE)
    db.write_sync(lambda connection: runner._upgrade(connection, scripts, FIRST))
    await db.close()
    assert sha256(repr(schema(tmp_path / "main.db")).encode()).hexdigest() == FIRST_SCHEMA


def test_a_second_run_changes_nothing_and_copies_nothing(db, tmp_path):
    first = migrate(db, clock=HandClock())
    assert (first.before, first.after, first.backup) == (None, head_revision(), None)
    again = migrate(db, clock=HandClock())
    assert not again.changed
    assert again.backup is None
    assert not list(tmp_path.glob("*.backup"))


OLDER = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
"""


@pytest.fixture
def history(tmp_path, monkeypatch):
    """A history of its own, to which revisions can be added."""
    (tmp_path / "history" / "versions").mkdir(parents=True)
    monkeypatch.setattr(runner, "HERE", tmp_path / "history")

    def add(revision: str, before: str | None, body: str) -> None:
        content = OLDER.format(revision=revision, before=repr(before), body=body)
        (tmp_path / "history" / "versions" / f"{revision}.py").write_text(content)
        runner._scripts.cache_clear()  # a program of another version is another process

    add("a1", None, 'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))')
    return add


def test_an_older_database_is_copied_before_it_is_changed(db, tmp_path, history):
    migrate(db, clock=HandClock())
    db.write_sync(lambda c: c.execute(text("INSERT INTO notes (id) VALUES (7)")))
    history("b2", "a1", 'op.add_column("notes", sa.Column("more", sa.Integer))')
    done = migrate(db, clock=HandClock())
    assert (done.before, done.after) == ("a1", "b2")
    assert done.backup == tmp_path / "main.db.a1.20260101T000000Z.backup"
    assert done.backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(done.backup)) as copy:
        assert copy.execute("SELECT * FROM notes").fetchall() == [(7,)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("a1",)]
    assert db.read_sync(lambda c: c.execute(text("SELECT id, more FROM notes")).all()) == [(7, None)]


def test_an_upgrade_that_fails_has_not_begun(db, history):
    migrate(db, clock=HandClock())
    history("b2", "a1", 'op.create_table("half", sa.Column("id", sa.Integer)); raise ValueError("no")')
    with pytest.raises(ValueError, match="no"):
        migrate(db, clock=HandClock())
    assert read_revision(db) == "a1"
    assert db.read_sync(lambda c: c.execute(text("SELECT name FROM sqlite_master WHERE name = 'half'")).all()) == []


def test_a_newer_database_refuses_to_start(db):
    migrate(db, clock=HandClock())
    db.write_sync(lambda c: c.execute(text("UPDATE alembic_version SET version_num = 'ffff'")))
    with pytest.raises(ConfigurationError, match="newer version"):
        migrate(db, clock=HandClock())


def test_a_database_from_before_the_first_revision_is_refused_and_stays_as_it_is(db, tmp_path):
    migrate(db, clock=HandClock())
    db.write_sync(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '0040'")))
    with refused("database_older", path=db.engine.url.database, revision="0040"):
        migrate(db, clock=HandClock())
    assert read_revision(db) == "0040"
    assert not list(tmp_path.glob("*.backup"))


def test_tables_that_are_not_ours_refuse_to_start(db):
    metadata.create_all(db.engine)
    with pytest.raises(ConfigurationError, match="Choose another"):
        migrate(db, clock=HandClock())


def test_a_database_that_somebody_holds_is_not_half_made(db):
    with db.engine.connect() as holder, holder.begin(), pytest.raises(DatabaseUnavailable):
        migrate(db, clock=HandClock())
    assert migrate(db, clock=HandClock()).changed


OLD_EVIDENCE = [
    {"rule": "lexicon.gambling", "provenance": "lexicon 1; guards: news, court"},
    {
        "rule": "hidden_link.anchor",
        "provenance": "lexicon 1; guards: x; rendered; hidden by covered on http://a.test/ on b",
    },
    {"rule": "own.title", "provenance": "structure; shown to robot"},
    {"rule": "block:x", "provenance": "list, 2026-11-25, ours; line 4, sha256 ab"},
]
FIELDS = ("provenance", "guards", "rendered", "hidden_by", "page_url", "shown_to")
READ_AS = [
    ("lexicon 1", ("news", "court"), False, None, "", None),
    ("lexicon 1", ("x",), True, "covered", "http://a.test/ on b", None),
    ("structure", (), False, None, "", Visitor.ROBOT),
    ("list, 2026-11-25, ours; line 4, sha256 ab", (), False, None, "", None),
]


def test_evidence_that_the_version_before_wrote_gets_its_fields(db, tmp_path):
    scripts = runner._scripts(runner.HERE)
    db.write_sync(lambda connection: runner._upgrade(connection, scripts, FIRST))
    plain = [{"rule": "own.title", "provenance": "structure"}]
    put_violations(tmp_path / "main.db", {"old": OLD_EVIDENCE, "plain": plain})
    assert migrate(db, clock=HandClock()).changed
    query = text("SELECT id, evidence FROM violations")
    found = {row_id: json.loads(evidence) for row_id, evidence in db.read_sync(lambda c: c.execute(query).all())}
    evidence = [Evidence.from_json({"layer": "text", "score": 0.5, **item}) for item in found["old"]]
    assert [tuple(getattr(item, name) for name in FIELDS) for item in evidence] == READ_AS
    assert found["plain"] == plain


def put_violations(path, rows):
    """Rows of whatever the table asks for; foreign keys are not looked at by this connection."""
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = connection.execute(
            "SELECT name, type FROM pragma_table_info('violations') WHERE \"notnull\""
        ).fetchall()
        for row_id, evidence in rows.items():
            values = {name: 0 if kind in ("INTEGER", "FLOAT", "BOOLEAN") else row_id for name, kind in columns}
            values["evidence"] = json.dumps(evidence)
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(f"INSERT INTO violations ({', '.join(values)}) VALUES ({marks})", values)
