"""`compliance reader`, from decisions in a data folder to a version that is switched on, and each way to be refused."""

import asyncio
import json

import pytest
from sqlalchemy import update

from app.compose.storage import open_database
from app.configuration.queries import local_readers as repository
from app.configuration.tables import local_readers
from app.core.clock import SystemClock
from app.core.config import load_settings
from app.migrations.runner import migrate
from tests.support.command import here
from tests.support.decided import DecidedWorld
from tests.support.local_reader import decided_pages
from tests.support.said import said


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path))
    db = open_database(load_settings())
    migrate(db, clock=SystemClock())
    yield DecidedWorld(db, SystemClock(), tmp_path)
    asyncio.run(db.close())


@pytest.fixture
def reader(capsys):
    def run(*words):
        code = here("reader", *words)
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run


def test_it_is_learnt_reported_switched_on_and_taken_back(world, reader):
    world.fill(decided_pages())
    assert said("cli.reader_trained", version=1) in reader("train")[1]
    code, shown = reader("enable", 1)
    assert (code, said("cli.reader_refused.unreported", version=1) in shown) == (2, True)
    code, shown = reader("report")
    assert code == 0
    for line in (
        "Local classifier, version 1, trained at ",
        said("reader.sizes", violating=30, clean=30, domains=60),
        "Any violation: 30 pages, precision 1.000, recall 1.000",
        "Gambling",
        said("reader.suppressed", to_review=60, dismissed=30, confirmed=0),
        said("reader.raised", confirmed=30, other_class=0, dismissed=0),
    ):
        assert line in shown
    assert reader("enable", 1) == (0, said("cli.reader_enabled", version=1) + "\n")
    assert "enabled" in reader("list")[1]
    assert world.db.read_sync(repository.find_enabled).version == 1
    assert said("cli.reader_disabled", version=1) in reader("disable")[1]
    assert reader("disable") == (0, said("cli.reader_none_enabled") + "\n")


def test_scripts_read_report_and_list_as_json(world, reader):
    world.fill(decided_pages())
    reader("train")
    document = json.loads(reader("report", "--json")[1])
    assert (document["version"], document["enabled"], document["report"]["violating"]) == (1, False, 30)
    assert json.loads(reader("list", "--json")[1]) == [document]


def test_too_few_decisions_are_refused_with_how_many_there_are(world, reader):
    world.fill(decided_pages(29, 30))
    code, shown = reader("train")
    assert (code, "there are 29 and 30" in shown) == (2, True)
    assert said("cli.reader_refused.no_version") in reader("list")[1]


def test_decisions_about_one_domain_are_refused(world, reader):
    """Of one domain a few pages count, so there are too few."""
    for number, page in enumerate(decided_pages(60, 60, domains=1)):
        world.fill([page], f"t{number}.test")
    code, shown = reader("train")
    assert (code, "there are 5 and 5" in shown) == (2, True)


def test_a_damaged_version_is_not_switched_on(world, reader):
    world.fill(decided_pages())
    reader("train")
    reader("report")
    world.db.write_sync(lambda c: c.execute(update(local_readers).values(data=b"{}")) and None)
    code, shown = reader("enable", 1)
    why = said("cli.reader_refused.unusable", version=1, fault=said("model_fault.checksum"))
    assert (code, why in shown) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["enable"], said("cli.reader_which")),
        (["enable", "3"], said("cli.reader_refused.no_version")),
        (["report", "3"], said("cli.reader_refused.no_version")),
        (["report"], said("cli.reader_refused.no_version")),
        (["forget"], "train / report / enable / disable / list"),
        (["enable", "0"], said("usage.number", least=1, most=999_999)),
    ],
)
def test_words_that_make_no_sense_are_refused(world, reader, words, why):
    code, shown = reader(*words)
    assert (code, why in shown) == (2, True)
