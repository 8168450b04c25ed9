import asyncio
from types import SimpleNamespace

import pytest

from app.cli import in_process
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from tests.support.backend import open_backend


async def test_without_an_active_administrator_nobody_can_act(tmp_path):
    async with open_backend(tmp_path) as opened:
        assert (await in_process.local_admin(opened.services, MessageCatalog("en"))).username == "admin"
        await opened.add_user("boss", role="admin")
        admin = await in_process.local_admin(opened.services, MessageCatalog("en"))
        boss = next(u for u in (await opened.services.users.list_page(page=1, page_size=9))[0] if u.username == "boss")
        await opened.services.users.update(admin.user_id, {"is_active": False}, by=boss.id)
        assert (await in_process.local_admin(opened.services, MessageCatalog("en"))).username == "boss"

    async def list_page(**_):
        return [], 0

    with pytest.raises(ConfigurationError, match="create-admin"):
        await in_process.local_admin(SimpleNamespace(users=SimpleNamespace(list_page=list_page)), MessageCatalog("en"))


async def test_a_busy_database_only_delays_what_is_seen(tmp_path):
    async with open_backend(tmp_path) as opened:
        task = await opened.add_task(await opened.login())
        real, tries = opened.services.db, []

        async def read(work):
            tries.append(work)
            if len(tries) == 1:
                raise DatabaseUnavailable(Failure.BUSY)
            return await real.read(work)

        seen = SimpleNamespace(db=SimpleNamespace(read=read), bus=MemoryBus())
        events = in_process.follow(seen, task)
        async with asyncio.timeout(30):
            assert (await anext(events)).type == "task_created"
        await events.aclose()
        assert len(tries) == 2
