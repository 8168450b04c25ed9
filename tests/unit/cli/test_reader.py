"""`compliance reader`, from decisions in a data folder to a version that is switched on, and each way to be refused."""

import asyncio
import json

import pytest
from sqlalchemy import update

from app.core.clock import SystemClock
from app.core.config import load_settings
from app.migrations.runner import migrate
from app.models import local_readers
from app.repositories import local_readers as repository
from app.wiring import open_database
from tests.support.command import here
from tests.support.decided import DecidedWorld
from tests.support.local_reader import decided_pages


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
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_it_is_learnt_reported_switched_on_and_taken_back(world, reader):
    world.fill(decided_pages())
    assert "Version 1 is learnt, and not switched on" in reader("train")[1]
    code, said = reader("enable", 1)
    assert (code, "See the report of version 1 first" in said) == (2, True)
    code, said = reader("report")
    assert code == 0
    for line in (
        "Local reader, version 1, learnt at ",
        "Learnt from 30 pages of confirmed and 30 pages of dismissed findings, of 60 domains",
        "Any violation: 30 pages, precision 1.000, recall 1.000",
        "Gambling",
        "Of 60 findings to be reviewed it would have suppressed ",
        "Without any rule it would have sent to review: ",
    ):
        assert line in said
    assert reader("enable", 1) == (0, "Version 1 reads along in scans that begin from now on.\n")
    assert "switched on" in reader("list")[1]
    assert world.db.read_sync(repository.find_enabled).version == 1
    assert "Version 1 is switched off" in reader("disable")[1]
    assert reader("disable") == (0, "No version was switched on.\n")


def test_scripts_read_report_and_list_as_json(world, reader):
    world.fill(decided_pages())
    reader("train")
    document = json.loads(reader("report", "--json")[1])
    assert (document["version"], document["enabled"], document["report"]["violating"]) == (1, False, 30)
    assert json.loads(reader("list", "--json")[1]) == [document]


def test_too_few_decisions_are_refused_with_how_many_there_are(world, reader):
    world.fill(decided_pages(29, 30))
    code, said = reader("train")
    assert (code, "there are 29 and 30" in said) == (2, True)
    assert "There is no such version" in reader("list")[1]


def test_decisions_about_one_domain_are_refused(world, reader):
    """Of one domain a few pages count, so there are too few."""
    for number, page in enumerate(decided_pages(60, 60, domains=1)):
        world.fill([page], f"t{number}.test")
    code, said = reader("train")
    assert (code, "there are 5 and 5" in said) == (2, True)


def test_a_damaged_version_is_not_switched_on(world, reader):
    world.fill(decided_pages())
    reader("train")
    reader("report")
    world.db.write_sync(lambda c: c.execute(update(local_readers).values(data=b"{}")) and None)
    code, said = reader("enable", 1)
    assert (code, "Version 1 cannot be used: it is not what was stored" in said) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["enable"], "Say which version"),
        (["enable", "3"], "There is no such version"),
        (["report", "3"], "There is no such version"),
        (["report"], "There is no such version"),
        (["forget"], "train / report / enable / disable / list"),
        (["enable", "0"], "a whole number from 1"),
    ],
)
def test_words_that_make_no_sense_are_refused(world, reader, words, said):
    code, found = reader(*words)
    assert (code, said in found) == (2, True)
