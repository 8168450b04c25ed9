import asyncio
import sqlite3
from contextlib import closing

import pytest

from app.cli.doctor.result import CheckStatus
from app.cli.doctor.storage import check_captures, check_database, check_folder, check_results, check_space
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.migrations import runner
from app.migrations.runner import head_revision, migrate
from app.scans.lifecycle import Lifecycle
from tests.support.databases import with_one_more_revision
from tests.support.rows import add_user
from tests.support.s3_server import access
from tests.support.said import said


def make(folder, **values):
    return Settings(data_dir=folder, **values)


def test_a_folder_that_is_not_there_will_be_made_and_is_not_made_now(tmp_path):
    finding = check_folder(make(tmp_path / "a" / "b"))
    assert (finding.state, "will be created" in finding.found) == (CheckStatus.OK, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_and_a_key_that_others_may_read_are_bad(tmp_path):
    (tmp_path / "file").write_text("x")
    assert check_folder(make(tmp_path / "file")).state is CheckStatus.FAILED
    key = tmp_path / "secret.key"
    key.write_text("x")
    key.chmod(0o644)
    assert str(key) in check_folder(make(tmp_path)).means
    key.chmod(0o600)
    assert check_folder(make(tmp_path)).state is CheckStatus.OK


@pytest.mark.parametrize(
    ("mib", "state"), [(10, CheckStatus.FAILED), (500, CheckStatus.DEGRADED), (5_000, CheckStatus.OK)]
)
def test_free_space_counts(tmp_path, mib, state):
    assert check_space(make(tmp_path), mib << 20).state is state


def test_a_database_of_this_version_is_fine_and_an_older_one_is_migrated(tmp_path, monkeypatch):
    settings = make(tmp_path)
    assert "will be created" in check_database(settings).found
    db = Database(settings.resolved_database_url)
    migrate(db, clock=SystemClock())
    asyncio.run(db.close())
    assert check_database(settings).found.endswith(f"{head_revision()}, the newest")
    assert set_revision(settings, "9999").means == said("doctor.newer_revision")
    assert set_revision(settings, "0040").means == said("doctor.unreleased_revision")
    head = head_revision()
    monkeypatch.setattr(runner, "HERE", with_one_more_revision(tmp_path / "next", head))
    assert set_revision(settings, head).means == said("doctor.older_revision", head="9999")


def set_revision(settings, revision):
    with closing(sqlite3.connect(settings.data_dir / "compliance.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    return check_database(settings)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None])
def test_what_is_no_database_of_ours_is_bad(tmp_path, content):
    path = tmp_path / "compliance.db"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
            connection.commit()
    else:
        path.write_bytes(content)
    assert check_database(make(tmp_path)).state is CheckStatus.FAILED


def test_a_database_that_was_lost_is_bad(tmp_path):
    (tmp_path / "secret.key").touch()
    found = check_database(make(tmp_path))
    assert found.state is CheckStatus.FAILED
    assert found.found == said("doctor.database_lost", file=tmp_path / "compliance.db", trace=tmp_path / "secret.key")


def test_scans_and_their_files_are_compared(tmp_path):
    settings = make(tmp_path)
    assert check_results(settings).state is CheckStatus.OK
    db = Database(settings.resolved_database_url)
    migrate(db, clock=SystemClock())
    owner = add_user(db, SystemClock(), "mei")
    lifecycle, event_writer = (
        Lifecycle(clock=SystemClock(), texts=MessageCatalog("en")),
        EventWriter(db=db, bus=MemoryBus()),
    )
    event_writer.write_sync(lifecycle.create("a", user_id=owner, target_domain="a.org", config={}))
    event_writer.write_sync(lifecycle.claim("a", 1, "w", "a.org"))
    asyncio.run(db.close())
    found = check_results(settings)
    assert (found.state, found.found) == (
        CheckStatus.FAILED,
        said("doctor.results_missing", missing=1, scans=1, first="a-1.db"),
    )
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a-1.db").touch()
    assert check_results(settings).state is CheckStatus.OK
    (tmp_path / "scans" / "b-1.db").touch()
    found = check_results(settings)
    assert (found.state, found.found) == (CheckStatus.DEGRADED, said("doctor.results_unknown", count=1, first="b-1.db"))


def test_a_database_elsewhere_needs_its_folder(tmp_path):
    assert check_database(make(tmp_path, database_url=f"sqlite:///{tmp_path}/no/x.db")).state is CheckStatus.FAILED
    assert check_database(make(tmp_path, database_url=f"sqlite:///{tmp_path}/x.db")).state is CheckStatus.OK
    finding = check_database(make(tmp_path, database_url="postgresql://me:hidden@db.example/x"))
    assert (finding.state, "hidden" in finding.found) == (CheckStatus.FAILED, False)


def test_without_a_bucket_nothing_is_asked_about_it(tmp_path):
    assert check_captures(make(tmp_path)) == []


def test_a_bucket_that_answers_is_fine_and_one_that_does_not_is_degraded(tmp_path, s3, monkeypatch):
    settings = make(tmp_path, captures_url="s3://evidence/some/prefix")
    for name, value in access(s3.url).items():
        monkeypatch.setenv(name, value)
    assert [result.state for result in check_captures(settings)] == [CheckStatus.OK]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (result,) = check_captures(settings)
    assert result.state is CheckStatus.DEGRADED
    assert "test-secret" not in result.found + result.means
    (result,) = check_captures(make(tmp_path, captures_url="http://elsewhere"))
    assert result.state is CheckStatus.FAILED
