"""Races that the borders cannot stage: somebody else changes the task between the look and the write."""

from dataclasses import replace

import pytest

from app.core.db import OutcomeUnknown
from app.core.errors import Conflict, NotFound
from app.core.principal import Principal
from app.core.scopes import Scope
from app.domain.scan_options import ScanOptions
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.scans.queries.task_filters import TaskFilter
from app.sites.queries import sites
from app.sites.service import NewSite
from tests.support.backend import Backend, open_backend


@pytest.fixture
async def backend(tmp_path):
    async with open_backend(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def principal(backend):
    await backend.add_user()
    row = (await backend.services.users.list_page(page=2, page_size=1))[0][0]
    return Principal(row.id, row.username, "user")


class Meddler:
    """A event_writer before which others write first, as often as they are told to."""

    def __init__(self, backend: Backend, *units) -> None:
        self._event_writer = backend.services.event_writer
        self._units = list(units)

    async def write(self, unit):
        if self._units:
            await self._event_writer.write(self._units.pop(0))
        return await self._event_writer.write(unit)


class Forgetful:
    """A database that commits, and does not tell so the first time."""

    def __init__(self, backend: Backend) -> None:
        self._db = backend.services.db
        self._tells = False

    async def write(self, unit):
        value = await self._db.write(unit)
        told, self._tells = self._tells, True
        if not told:
            raise OutcomeUnknown
        return value


def forget(backend: Backend) -> None:
    services = backend.services
    services.scans.event_writer = EventWriter(db=Forgetful(backend), bus=services.bus)


async def make(backend, principal) -> str:
    task = await backend.services.scans.create(principal, "example.com")
    return str(task["id"])


async def test_a_cancel_that_meets_a_claim_cancels_the_running_task(backend, principal):
    task_id = await make(backend, principal)
    scans = backend.services.scans
    scans.event_writer = Meddler(backend, backend.services.lifecycle.claim(task_id, 1, "w", "example.com"))
    assert (await scans.cancel(principal, task_id))["status"] == "cancelling"


async def test_a_cancel_that_meets_the_end_is_too_late(backend, principal):
    task_id = await make(backend, principal)
    scans, lifecycle = backend.services.scans, backend.services.lifecycle
    await backend.services.event_writer.write(lifecycle.claim(task_id, 1, "w", "example.com"))
    scans.event_writer = Meddler(backend, lifecycle.complete(task_id, 1, Statistics()))
    with pytest.raises(Conflict) as caught:
        await scans.cancel(principal, task_id)
    assert caught.value.code == "task_finished"


async def test_of_two_retries_one_begins_the_attempt(backend, principal):
    task_id = await make(backend, principal)
    scans, lifecycle = backend.services.scans, backend.services.lifecycle
    await scans.cancel(principal, task_id)
    scans.event_writer = Meddler(backend, lifecycle.retry(task_id, by="other"))
    assert (await scans.retry(principal, task_id))["attempt"] == 2


async def test_a_delete_that_meets_a_delete_finds_nothing(backend, principal):
    task_id = await make(backend, principal)
    scans = backend.services.scans
    scans.event_writer = Meddler(backend, backend.services.lifecycle.delete(task_id, by="other"))
    with pytest.raises(NotFound):
        await scans.delete(principal, task_id)


async def test_a_task_that_never_stands_still_is_contended(backend, principal):
    class Nothing:
        async def write(self, unit):
            return None

    task_id = await make(backend, principal)
    backend.services.scans.event_writer = Nothing()
    with pytest.raises(Conflict) as caught:
        await backend.services.scans.cancel(principal, task_id)
    assert caught.value.code == "contended"


async def test_a_commit_that_nobody_heard_of_is_no_error_of_the_user(tmp_path):
    async with open_backend(tmp_path / "data", max_unfinished_tasks_per_user=1) as backend:
        await backend.add_user()
        row = (await backend.services.users.list_page(page=2, page_size=1))[0][0]
        principal, scans = Principal(row.id, row.username, "user"), backend.services.scans
        forget(backend)
        task, replayed = await scans.create_once(principal, "example.com", ScanOptions(), key="k")
        assert not replayed
        assert backend.services.runner.woken == 1
        assert (await scans.create_once(principal, "example.com", ScanOptions(), key="k"))[1]
        forget(backend)
        assert (await scans.cancel(principal, task["id"]))["status"] == "cancelled"
        forget(backend)
        assert (await scans.retry(principal, task["id"]))["attempt"] == 2
        await scans.cancel(principal, task["id"])
        forget(backend)
        await scans.delete(principal, task["id"])
        assert (await scans.list_page(principal, TaskFilter(), page=1, page_size=9))[1] == 0


# A site that leaves the group of a key between the look and the write


@pytest.fixture
def key(principal):
    return replace(principal, key_id="k", scopes=frozenset(Scope), group="North")


async def move_out(backend, principal):
    """Put the site of example.com into the group; return the unit that takes it out."""
    row = backend.services.sites.service.row_of(
        principal, NewSite(target_domain="example.com", config={}, group="North")
    )
    await backend.services.db.write(lambda c: sites.add(c, row, ()))
    return lambda c: sites.change(c, row["id"], {"group_name": "South"}, None)


async def test_a_key_orders_no_scan_of_a_site_that_leaves_its_group_meanwhile(backend, principal, key):
    leave, scans = await move_out(backend, principal), backend.services.scans
    scans.event_writer = Meddler(backend, leave)
    with pytest.raises(NotFound):
        await scans.create(key, "example.com")
    assert (await scans.list_page(principal, TaskFilter(), page=1, page_size=9))[1] == 0


@pytest.mark.parametrize("is_running", [False, True], ids=["waiting", "running"])
async def test_a_key_cancels_no_scan_of_a_site_that_leaves_its_group_meanwhile(backend, principal, key, is_running):
    leave, task_id = await move_out(backend, principal), await make(backend, principal)
    scans, services = backend.services.scans, backend.services
    if is_running:
        await services.event_writer.write(services.lifecycle.claim(task_id, 1, "w", "example.com"))
    before = await scans.get(principal, task_id)
    scans.event_writer = Meddler(backend, leave)
    with pytest.raises(NotFound):
        await scans.cancel(key, task_id)
    assert await scans.get(principal, task_id) == before


async def test_a_key_retries_no_scan_of_a_site_that_leaves_its_group_meanwhile(backend, principal, key):
    leave, task_id = await move_out(backend, principal), await make(backend, principal)
    scans = backend.services.scans
    before = await scans.cancel(principal, task_id)
    scans.event_writer = Meddler(backend, leave)
    with pytest.raises(NotFound):
        await scans.retry(key, task_id)
    assert await scans.get(principal, task_id) == before
