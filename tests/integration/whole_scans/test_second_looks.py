"""A page that shows something else than in the scan before is captured once more before that counts as a change."""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import select

from app.core.lease import SoleProcess
from app.core.metrics import Metrics
from app.core.paging import Paging
from app.core.principal import Principal
from app.events.outbox import Kind
from app.events.tables import outbox
from app.inventory.build import build_inventory
from app.inventory.differences import DifferenceFilter
from app.scans.shown_run import RunRef
from app.scanstore.files import SCANS_FOLDER
from app.scanstore.scan_folder import ScanFolder
from app.tasks.target_parser import EngineTargetParser
from tests.support.said import said
from tests.support.scan_backend import scan_backend
from tests.support.small_world import FILLER, html, small_world

DOMAIN = "news.example"
URL = f"http://{DOMAIN}/"
CONTENT, FOR_SALE = html("新闻", f"<p>{FILLER}</p>"), html(DOMAIN, "<p>本域名正在出售。</p>")
PATIENCE_S = 120.0


@dataclass
class Scene:
    """A site that was scanned and listed before."""

    world: object
    backend: object
    parts: object

    async def scan(self, *, second=None):
        """A whole scan; `second` is what the partner shows from the second time on."""
        self.world.requests.clear()
        task_id = await self.backend.create(cloaking=False)
        if second is not None:
            async with asyncio.timeout(PATIENCE_S):
                while not self.world.counts()[URL]:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)  # that answer is sent
            second()
        assert (await self.backend.finished(task_id)).status == "completed"
        await self.parts.keeper.look()
        return task_id

    def show(self, body):
        self.world.serve(DOMAIN, "/", body)

    async def told(self, task_id):
        """(change, aspect, whether it was seen once) of the partner's content."""
        document = await self.parts.differences.read(
            Principal("user", "user", "user"),
            RunRef(task_id),
            None,
            language="en",
            paging=Paging(),
            only=DifferenceFilter(),
        )
        items = orjson.loads(b"".join(document))["items"]
        of_content = [item for item in items if (item["section"], item["name"]) == ("content", DOMAIN)]
        return [(item["change"], item["aspect"], item["is_unconfirmed"]) for item in of_content]

    def notified(self):
        rows = self.backend.db.read_sync(lambda c: c.execute(select(outbox).where(outbox.c.kind == Kind.CHANGED)).all())
        return [change["aspect"] for row in rows for change in row.detail["changes"]]

    def lines(self, task_id):
        logs = [event.payload()["logs"] for event in self.backend.events(task_id) if event.type == "task_logs"]
        return [line["message"] for group in logs for line in group]


@pytest.fixture
async def scene(tmp_path):
    async with small_world() as world, scan_backend(tmp_path, recheck_after_s=3.0, **world.settings) as backend:
        world.delay_s = 0.01
        world.serve(DOMAIN, "/", CONTENT)
        parts = build_inventory(
            db=backend.db,
            guarded=backend.db,
            stores=ScanFolder(backend.settings.data_dir / SCANS_FOLDER),
            targets=EngineTargetParser(),
            clock=backend.clock,
            lease=SoleProcess(),
            metrics=Metrics(),
            services_at=lambda _: {},
        )
        with closing(SimpleNamespace(close=parts.differences.close)):
            scene = Scene(world, backend, parts)
            await scene.scan()
            yield scene


async def test_a_page_that_is_as_before_when_it_is_captured_again_is_no_change(scene):
    scene.show(FOR_SALE)
    task_id = await scene.scan(second=lambda: scene.show(CONTENT))
    assert said("second_look_as_before", url=URL) in scene.lines(task_id)
    assert await scene.told(task_id) == [("seen_once", "title", False)]
    assert scene.notified() == []
    assert await scene.told(await scene.scan()) == []  # nor is the way back


async def test_a_page_that_still_differs_is_a_change(scene):
    scene.show(FOR_SALE)
    task_id = await scene.scan()
    assert scene.world.counts()[URL] == 2
    assert await scene.told(task_id) == [("changed", "page_class", False)]
    assert scene.notified() == ["page_class"]


async def test_a_page_that_cannot_be_captured_again_is_a_change_with_a_note(scene):
    scene.show(FOR_SALE)
    task_id = await scene.scan(second=lambda: scene.world._documents.pop((DOMAIN, "/")))
    assert await scene.told(task_id) == [("changed", "page_class", True)]
    assert scene.notified() == ["page_class"]
