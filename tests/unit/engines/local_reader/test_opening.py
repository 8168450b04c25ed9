"""Which version a scan reads with: that of its beginning, in all its attempts, or none, and then it says why."""

from dataclasses import replace

import pytest

from app.domain.local_reading import LOCAL_READING, ModelFault
from app.engines.local_reader.model import UnusableModel
from app.engines.local_reader.opening import count_effects, open_model
from app.scanstore.sqlite import SqliteScanStore
from tests.support.local_reader import model_data, stored


class Versions:
    def __init__(self, *models, enabled=None):
        self.models, self.enabled = {model.version: model for model in models}, enabled
        self.told = []

    async def load(self, version):
        return self.models.get(self.enabled if version is None else version)

    def count(self, effects):
        self.told.append(effects)


class Away:
    async def load(self, _):
        raise UnusableModel(ModelFault.UNAVAILABLE)


@pytest.fixture
def store(tmp_path):
    opened = SqliteScanStore(tmp_path / "scan.db")
    yield opened
    opened.close()


def said(store):
    kept = store.checkpoint(LOCAL_READING)
    return kept["version"], kept["fault"]


FIRST, SECOND = stored(model_data(), 1), stored(model_data(), 2)


async def test_the_version_that_is_switched_on_is_read_with(store):
    model = await open_model(Versions(FIRST, SECOND, enabled=2), store)
    assert (model.version, said(store)) == (2, (2, None))


async def test_a_later_attempt_goes_on_with_the_version_of_the_first(store):
    versions = Versions(FIRST, SECOND, enabled=1)
    await open_model(versions, store)
    versions.enabled = 2
    assert (await open_model(versions, store)).version == 1
    versions.enabled = None
    assert (await open_model(versions, store)).version == 1


async def test_what_is_switched_on_while_a_scan_runs_is_for_the_next_one(store):
    versions = Versions(FIRST)
    assert await open_model(versions, store) is None
    versions.enabled = 1
    assert await open_model(versions, store) is None
    assert said(store) == (0, None)


async def test_a_version_that_was_removed_since_is_missed(store):
    versions = Versions(FIRST, enabled=1)
    await open_model(versions, store)
    del versions.models[1]
    assert await open_model(versions, store) is None
    assert said(store) == (1, "missing")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(FIRST, data=FIRST.data[:-1]), "checksum"),
        (replace(FIRST, sha256="0" * 64), "checksum"),
        (stored(FIRST.data[:-1]), "malformed"),
        (stored(FIRST.data.replace(b'"format":1', b'"format":2')), "newer_format"),
        (stored(FIRST.data.replace(b'"format":1', b'"format":0')), "unknown_format"),
    ],
)
async def test_a_version_that_is_damaged_or_strange_reads_nothing(store, broken, fault):
    assert await open_model(Versions(broken, enabled=1), store) is None
    assert said(store) == (1, fault)


async def test_a_database_that_is_away_leaves_a_scan_without_and_the_next_attempt_tries_again(store):
    assert await open_model(Away(), store) is None
    assert said(store) == (0, "unavailable")
    assert (await open_model(Versions(FIRST, enabled=1), store)).version == 1
    assert said(store) == (1, None)
    assert await open_model(Away(), store) is None
    assert said(store) == (1, "unavailable")


async def test_what_came_of_all_pages_is_told_and_nothing_when_none_was_read(store):
    versions = Versions(FIRST, enabled=1)
    count_effects(versions, store)
    await open_model(versions, store)
    count_effects(versions, store)
    assert versions.told == []
    pages = {"a": "suppressed", "b": "unchanged", "c": "unchanged"}
    store.put_checkpoint(LOCAL_READING, {"version": 1, "fault": None, "pages": pages})
    count_effects(versions, store)
    assert versions.told == [{"suppressed": 1, "unchanged": 2}]
