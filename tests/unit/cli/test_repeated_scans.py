"""A watch beside others that act; the rest is in `tests/integration/whole_scans/test_cli_repeated_scans.py`."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.cli.in_process import local_admin
from app.cli.interrupts import Interrupts
from app.cli.repeated_scans import RepeatedScans
from app.core.db import DatabaseUnavailable, Failure
from app.core.errors import ConfigurationError
from app.core.principal import Principal
from app.domain.messages import MessageCatalog
from app.domain.scan_options import DEFAULTS
from app.domain.verdict import Result
from app.events.tables import UNFINISHED_VISIBLE, scan_tasks
from app.sites.service import NewSite
from app.sites.tables import managed_sites
from tests.integration.test_api_orders import finish
from tests.support.backend import open_backend
from tests.support.realtime import until
from tests.support.rows import add_user
from tests.support.said import said

TEXTS = MessageCatalog("en")


@pytest.fixture
async def backend(tmp_path):
    async with open_backend(tmp_path / "data", language="en") as opened:
        yield opened


class Overtaken(RepeatedScans):
    """Somebody acts after each of its first looks at the sites."""

    others = ()

    async def _sites(self):
        found = await super()._sites()
        if self.others:
            other, *self.others = self.others
            await other()
        return found


async def watch_of(backend, *targets, others=(), as_json=False):
    watch = Overtaken(
        services=backend.services,
        principal=await local_admin(backend.services, TEXTS),
        texts=TEXTS,
        targets=targets,
        options=DEFAULTS,
        every_hours=12,
        as_json=as_json,
    )
    watch.others = others
    return watch


async def unfinished(backend):
    """Targets and ids of the scans that wait."""
    query = select(scan_tasks.c.target_domain, scan_tasks.c.id).where(UNFINISHED_VISIBLE).order_by(scan_tasks.c.id)
    return [tuple(row) for row in await backend.services.db.read(lambda c: list(c.execute(query)))]


async def make_due(backend):
    """As after a pause that was longer than the interval."""
    past = backend.services.clock.now() - timedelta(hours=1)
    values = dict.fromkeys(("next_run_at", "due_at", "try_at"), past)
    await backend.services.db.write(lambda c: c.execute(managed_sites.update().values(**values)) and None)


async def run_until(watch, condition):
    """Run it until this is so, then as after Ctrl-C."""
    interrupts = Interrupts()
    running = asyncio.create_task(watch.run(interrupts))
    await until(lambda: running.done() or condition())
    interrupts.asked.set()
    await running


async def test_a_scan_that_the_scheduler_starts_meanwhile_is_not_ordered_a_second_time(backend):
    await (await watch_of(backend, "a.example", "b.example"))._begin()
    for _, task_id in await unfinished(backend):
        await finish(backend, task_id)
    await make_due(backend)
    watch = await watch_of(backend, "a.example", "b.example", others=[backend.services.sites.scheduler.look])
    await watch._begin()
    assert [target for target, _ in await unfinished(backend)] == ["a.example", "b.example"]
    await backend.services.sites.scheduler.look()
    scans = await unfinished(backend)
    assert len(scans) == 2
    await watch._look()
    assert watch._known == {task_id for _, task_id in scans}


async def test_only_what_is_not_being_scanned_is_ordered(backend, capsys):
    await (await watch_of(backend, "a.example"))._begin()
    first = await unfinished(backend)
    watch = await watch_of(backend, "b.example", "a.example")
    await watch._begin()
    assert [target for target, _ in await unfinished(backend)] == ["a.example", "b.example"]
    assert (await unfinished(backend))[:1] == first
    assert capsys.readouterr().err == 2 * f"{TEXTS('order_started', count=1)}\n"


async def test_a_target_that_cannot_be_scanned_keeps_no_site(backend):
    watch = await watch_of(backend, "a.example", "10.0.0.1")
    with pytest.raises(ConfigurationError):
        await watch._begin()
    assert (await watch._sites(), await unfinished(backend)) == ([], [])


async def test_however_many_sites_others_have_its_own_are_seen(backend, monkeypatch):
    await (await watch_of(backend, "b.example"))._begin()
    owner = add_user(backend.services.db, backend.services.clock, "other")
    foreign = NewSite(target_domain="a.example", config={})
    await backend.services.sites.service.create(Principal(owner, "other", "user"), foreign)
    monkeypatch.setattr("app.cli.repeated_scans.MAX_SITES", 1)
    watch = await watch_of(backend, "b.example")
    assert [site["target_domain"] for site in await watch._sites()] == ["b.example"]


async def test_a_database_that_cannot_be_read_is_asked_again_by_the_next_look(backend, capsys, monkeypatch):
    monkeypatch.setattr("app.cli.in_process.SWEEP_S", 0.01)
    asked = []

    async def fail():
        asked.append(1)
        raise DatabaseUnavailable(Failure.BUSY)

    async def pass_by():
        pass

    async def end():
        asked.append(2)
        ((_, task_id),) = await unfinished(backend)
        await finish(backend, task_id)

    watch = await watch_of(backend, "a.example", others=[pass_by, fail, end])
    await run_until(watch, lambda: asked == [1, 2])
    assert "a.example: " in capsys.readouterr().out


@pytest.mark.parametrize("result", [Result.CLEAN, Result.INCONCLUSIVE])
async def test_a_scan_that_ends_after_the_last_look_is_told(backend, capsys, result):
    looked = []

    async def look():
        looked.append(1)

    watch = await watch_of(backend, "a.example", others=[look, look])
    interrupts = Interrupts()
    running = asyncio.create_task(watch.run(interrupts))
    await until(lambda: len(looked) == 2)
    ((_, task_id),) = await unfinished(backend)
    await finish(backend, task_id, result)
    interrupts.asked.set()
    await running
    told = capsys.readouterr().out
    assert told.count("a.example: ") == 1
    assert said("repeated.first") in told
