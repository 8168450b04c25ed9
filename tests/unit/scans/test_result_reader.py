"""The file of a scan, for whoever may see its task."""

import threading

import pytest

from app.core.errors import NotFound, Unavailable
from app.core.principal import Principal
from app.scans.result_reader import ResultReader
from app.scans.shown_run import RunRef
from app.scanstore.errors import StoreDamaged
from app.scanstore.scan_folder import ScanFolder
from tests.support.backend import open_backend

ADMIN = Principal("nobody", "admin", "admin")


@pytest.fixture
async def opened(tmp_path):
    """(reader, id of a pending task)."""
    async with open_backend(tmp_path / "data") as backend:
        task_id = await backend.add_task(await backend.login())
        services = backend.services
        stores = ScanFolder(services.settings.data_dir / "scans")
        results = ResultReader(db=services.db, stores=stores, threads=1, name="test")
        yield results, task_id
        results.close()


async def test_work_is_done_in_a_thread_on_the_file_of_the_task(opened):
    results, task_id = opened
    found = await results.read(
        ADMIN, RunRef(task_id), lambda row, reader: (row.id, reader.present, threading.current_thread())
    )
    assert found[:2] == (task_id, False)
    assert found[2].name.startswith("test")


async def test_a_foreign_task_looks_like_a_missing_one(opened):
    results, task_id = opened
    for principal, wanted in ((Principal("li", "li", "user"), task_id), (ADMIN, "0" * 36), (ADMIN, "../x")):
        with pytest.raises(NotFound, match="Scan not found"):
            await results.read(principal, RunRef(wanted), lambda *_: pytest.fail("it was opened"))


async def test_what_the_store_says_is_a_refusal_that_a_client_understands(opened):
    results, task_id = opened

    def fail(*_):
        raise StoreDamaged("page 7")

    with pytest.raises(Unavailable) as refused:
        await results.read(ADMIN, RunRef(task_id), fail)
    assert refused.value.code == "scan_store_damaged"
    assert "page 7" not in refused.value.message
