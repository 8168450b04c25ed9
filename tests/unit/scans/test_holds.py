"""A hold that is placed and a user who is removed at the same time, in two processes of one database."""

import asyncio
from functools import partial

import pytest

from app.core.errors import Conflict, NotFound
from app.core.principal import Principal
from app.domain.messages import Language
from app.events.bus.memory import MemoryBus
from app.identity.queries import users
from app.identity.users import UserService
from app.maintenance.user_scans import OrderedScans
from app.scans.holds import HoldService
from app.scans.queries import holds
from tests.support.database_locks import until_locked_out
from tests.support.databases import postgres_only
from tests.support.monitored_tasks import HandClock
from tests.support.watched_sites import WatchedSites


class NoFiles:
    def require_writable(self):
        pass

    def __call__(self, task_id, last_run, *, first_run=1):
        pass


@pytest.fixture
def world(db):
    return WatchedSites(db, HandClock())


@pytest.fixture
async def mei(world):
    """A user with a scan that waits."""
    mei = world.add_user()
    await world.parts.service.run(mei, world.add(mei, "a.example"), Language.EN)
    return mei


@pytest.fixture
def administration(world):
    world.add_user("boss")
    return UserService(
        db=world.db,
        bus=MemoryBus(),
        clock=world.clock,
        passwords=None,
        audit=world.audit,
        scans=OrderedScans(),
        remove_files=NoFiles(),
    )


@postgres_only
async def test_the_removal_of_a_user_waits_for_a_hold_that_is_being_placed_and_changes_nothing(
    world, mei, administration
):
    (task,) = world.tasks()
    place = partial(holds.place, task_id=task.id, at=world.clock.now(), by="admin", reason="Case 1")
    with world.db.engine.connect() as holding, holding.begin():
        users.lock(holding, mei.user_id)
        place(holding)
        removing = asyncio.create_task(administration.delete(mei.user_id, by="boss"))
        await until_locked_out(world.db)
    with pytest.raises(Conflict) as refused:
        await removing
    assert refused.value.code == "user_has_held_scans"
    assert (await administration.get(mei.user_id)).is_active
    assert world.tasks()[0].deleted_at is None


@postgres_only
async def test_a_hold_waits_for_the_removal_of_its_owner_and_finds_nothing_left(world, mei):
    (task,) = world.tasks()
    boss = Principal(world.add_user("boss").user_id, "boss", "admin")
    with world.db.engine.connect() as removing, removing.begin():
        users.lock(removing, mei.user_id)
        placing = asyncio.create_task(HoldService(scans=world.scans).place(boss, task.id, "Case 1"))
        await until_locked_out(world.db)
        OrderedScans().forget(removing, mei.user_id, world.clock.now())
    with pytest.raises(NotFound):
        await placing
    assert (world.tasks()[0].held_at, world.audit.actions.count("task.hold")) == (None, 0)


async def test_a_placed_hold_is_of_the_scan_of_its_owner(world, mei):
    boss = Principal(world.add_user("boss").user_id, "boss", "admin")
    service, (task,) = HoldService(scans=world.scans), world.tasks()
    assert (await service.place(boss, task.id, "Case 1"))["hold"]["by"] == "boss"
    await service.release(boss, task.id)
    assert world.tasks()[0].held_at is None
