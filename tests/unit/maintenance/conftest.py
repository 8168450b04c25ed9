"""A data folder as a server leaves it, with something of everything."""

import asyncio
import os

import pytest

from app.captures.contents import Contents
from app.captures.folder import FolderStorage
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import PageFact
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.types import Statistics
from app.events.writer import EventWriter
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from app.scanstore.sqlite import SqliteScanStore
from tests.support.rows import add_user


class DataFolder:
    def __init__(self, path):
        self.path = path
        for name in ("scans", "captures"):
            (path / name).mkdir(parents=True)
        self.captures = FolderStorage(path / "captures")
        self.clock = SystemClock()
        self.db = Database(f"sqlite:///{path}/compliance.db")
        migrate(self.db, clock=self.clock)
        self.epoch = LogEpoch(db=self.db, folder=path)
        self.epoch.open()
        self.owner = add_user(self.db, self.clock, "mei")
        self.event_writer = EventWriter(db=self.db, bus=MemoryBus())
        self.lifecycle = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))

    def add_task(self, *, pages=(), ended=False):
        """A task whose scan has collected these pages; it runs, or has ended."""
        task = new_id()
        create = self.lifecycle.create(task, user_id=self.owner, target_domain="a.org", config={})
        self.event_writer.write_sync(create)
        if pages:
            self.add_pages(task, *pages)
            self.event_writer.write_sync(self.lifecycle.claim(task, 1, "w", "a.org"))
        if ended:
            self.end_task(task)
        return task

    def end_task(self, task):
        self.event_writer.write_sync(self.lifecycle.complete(task, 1, Statistics()))

    def add_pages(self, task, *pages):
        store = SqliteScanStore(self.store_of(task))
        for page in pages:
            store.add_page(PageFact(f"http://a.org/{page}", 0, 200))
        store.close()

    def store_of(self, task):
        return self.path / "scans" / f"{task}-1.db"

    def add_capture(self):
        return Contents(self.captures).put(os.urandom(2_000))

    def close(self):
        self.epoch.close()
        asyncio.run(self.db.close())


@pytest.fixture
def data(tmp_path):
    folder = DataFolder(tmp_path / "data")
    yield folder
    folder.close()
