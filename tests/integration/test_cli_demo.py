"""The demo's part beside the server, and what it looks through, on a small site."""

import asyncio
import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from app.cli import house
from app.cli.demo import Demo
from app.cli.texts import Labels
from app.core.db import DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.events.bus.memory import MemoryBus
from app.server import serve
from tests.support.house import make_settings, open_house
from tests.support.realtime import until
from tests.support.small_world import TARGET, small_world


def demo_of(*, once):
    return Demo(TARGET, "the password", Console(file=io.StringIO(), width=140), Labels("en"), once=once)


async def test_it_greets_scans_reports_and_stays_until_it_is_ended(tmp_path):
    async with small_world() as world:
        world.delay_s = 0.0
        settings = make_settings(tmp_path, port=0, ct_urls=(), chromium_path="/nowhere", **world.settings)
        async with serve(settings) as (serving, _):
            once = demo_of(once=True)
            assert once.code == 130  # as long as it has not ended
            async with asyncio.timeout(60):
                await once.run(serving)
            shown = once.console.file.getvalue()
            assert once.code == 0
            for text in (serving.url, "admin", "the password", f"{TARGET}: completed in", "Violations (3)"):
                assert text in shown
            assert "Ctrl-C" not in shown

            staying = demo_of(once=False)
            running = asyncio.create_task(staying.run(serving))
            await until(lambda: "Ctrl-C ends it" in staying.console.file.getvalue(), timeout_s=60)
            assert not running.done()
            running.cancel()
            await asyncio.wait([running])
            assert staying.code == 0


async def test_without_an_active_administrator_nobody_can_act(tmp_path):
    async with open_house(tmp_path) as opened:
        assert (await house.local_admin(opened.services)).username == "admin"
        await opened.add_user("boss", role="admin")
        admin = await house.local_admin(opened.services)
        boss = next(u for u in (await opened.services.users.list_page(page=1, page_size=9))[0] if u.username == "boss")
        await opened.services.users.update(admin.user_id, {"is_active": False}, by=boss.id)
        assert (await house.local_admin(opened.services)).username == "boss"

    async def list_page(**_):
        return [], 0

    with pytest.raises(ConfigurationError, match="create-admin"):
        await house.local_admin(SimpleNamespace(users=SimpleNamespace(list_page=list_page)))


async def test_a_busy_database_only_delays_what_is_seen(tmp_path):
    async with open_house(tmp_path) as opened:
        task = await opened.add_task(await opened.login())
        real, tries = opened.services.db, []

        async def read(work):
            tries.append(work)
            if len(tries) == 1:
                raise DatabaseUnavailable("the database is busy")
            return await real.read(work)

        seen = SimpleNamespace(db=SimpleNamespace(read=read), bus=MemoryBus())
        events = house.follow(seen, task)
        async with asyncio.timeout(5):
            assert (await anext(events)).type == "task_created"
        await events.aclose()
        assert len(tries) == 2
