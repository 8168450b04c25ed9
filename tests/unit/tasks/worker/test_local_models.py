"""A scan's way to the versions of the local reader."""

import pytest

from app.configuration.queries import local_readers
from app.core.db import Database
from app.domain.local_reading import ModelFault
from app.engines.local_reader.model import UnusableModel, read_model
from app.tasks.worker.local_models import StoredModels
from tests.support.local_reader import model_data, stored


async def test_it_gives_out_the_version_that_is_on_and_any_by_its_number(db, clock):
    model = stored(model_data())
    values = {"made_at": clock.now(), "data": model.data, "sha256": model.sha256, "report": {}}
    source = StoredModels(db)
    assert await source.load(None) is None
    for _ in range(2):
        db.write_sync(lambda c: local_readers.add(c, values))
    assert (await source.load(None), await source.load(3)) == (None, None)
    db.write_sync(lambda c: local_readers.enable(c, 2, clock.now()))
    found = await source.load(None)
    assert (found.version, read_model(found).version) == (2, 2)
    assert (await source.load(1)).version == 1


async def test_a_database_that_is_away_is_said(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'none' / 'main.db'}", busy_timeout_s=0.1)
    try:
        with pytest.raises(UnusableModel) as caught:
            await StoredModels(db).load(None)
    finally:
        await db.close()
    assert caught.value.fault is ModelFault.UNAVAILABLE


async def test_what_came_of_a_scan_is_handed_on(db):
    told = []
    StoredModels(db, told.append).count({"suppressed": 2})
    assert told == [{"suppressed": 2}]
