"""A server's life on a data folder, as far as the log is concerned, and what backup tools do to it."""

import asyncio
import shutil
import sqlite3
from contextlib import closing

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.event import NewEvent
from app.events.log import append
from app.events.tables import scan_tasks
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from tests.support.databases import create_tables
from tests.support.rows import add_user


class Life:
    """A server's life on a data folder, as far as the log is concerned."""

    def __init__(self, folder):
        self.folder = folder
        self.db = Database(f"sqlite:///{folder}/compliance.db")
        create_tables(self.db)
        self.epoch = LogEpoch(db=self.db, folder=folder)
        self.epoch.open()
        bus = MemoryBus()
        self.event_writer = EventWriter(db=self.db, bus=bus)

    def add_task(self):
        task_id = new_id()
        owner = add_user(self.db, SystemClock(), f"owner{task_id[-12:]}")
        lifecycle = Lifecycle(clock=SystemClock(), texts=MessageCatalog("en"))
        self.show(
            self.event_writer.write_sync(lifecycle.create(task_id, user_id=owner, target_domain="a.org", config={}))
        )
        return task_id

    def say(self, task_id, message="w"):
        """One more event; its commit has not been seen by anybody."""
        event = NewEvent(TaskWarning(code="partial", message=message))
        always = scan_tasks.c.attempt >= 1
        return self.event_writer.write_sync(
            lambda c: append(c, task_id, [event], now=SystemClock().now(), where=always)
        )

    def show(self, result):
        self.epoch.seen(result.commits)

    def die(self):
        """As with SIGKILL: nothing is said any more. The descriptors go with the process."""
        asyncio.run(self.db.close())

    def end(self):
        self.epoch.close()
        self.die()


def copy_live(folder, copy):
    """What a backup tool does beside a running server."""
    with closing(sqlite3.connect(folder / "compliance.db")) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def put_back(copy, folder):
    for name in ("compliance.db", "compliance.db-wal", "compliance.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(copy, folder / "compliance.db")
