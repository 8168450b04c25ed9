"""The delivery promise under random schedules: hints lost, doubled, late and reordered; sockets cut, stalled and
drained; the log pruned; commands at any moment. No client may miss what protocol.md section 7 promises it.
"""

import asyncio
import itertools
import random
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import delete, update

from app.core.config import Settings
from app.core.db import Database
from app.core.ids import new_id
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.events.event import NewEvent, PendingLogs
from app.events.log import read_after
from app.events.tables import scan_tasks, task_events
from app.events.types import TaskProgress, TaskWarning
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.transport.port import TRANSPORT_KEY
from app.websocket.connections import fanout
from app.websocket.factory import build_manager
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.following import Following
from tests.support.frames import Subscriber, read_frame
from tests.support.realtime import RecordingAudit, SimpleAuth
from tests.support.rows import add_user
from tests.support.transports import FakeTransport, SocketPairTransport

SCHEDULES = 80
STEPS = 120


class InlineDatabase(Database):
    """Transactions run in the loop's own thread, after a random number of turns: other things happen meanwhile."""

    dice = random.Random(0)

    async def read(self, work):
        await self._pass_turns()
        value = self.read_sync(work)
        await self._pass_turns()
        return value

    async def write(self, work):
        return self.write_sync(work)

    async def _pass_turns(self):
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)


class ChaosBus(Following):
    """Keeps hints back; the schedule decides which ever arrive, how often and in which order. As between processes,
    none arrives of a user who is not followed.
    """

    healthy = True

    def __init__(self):
        super().__init__()
        self.waiting = []
        self.listener = None

    def publish(self, hint):
        self.waiting.append(hint)

    def subscribe(self, listener):
        self.listener = listener
        return lambda: None

    def stir(self, dice):
        dice.shuffle(self.waiting)
        for _ in range(dice.randrange(4)):
            if not self.waiting:
                return
            hint = dice.choice(self.waiting)
            if dice.random() < 0.7:
                self.waiting.remove(hint)
            if dice.random() < 0.8 and hint.user_id in self.users:
                self.listener(hint)


class SimClient:
    """A client that follows the rule of protocol.md section 2, over connections that come and go."""

    def __init__(self, world, user_id, topics):
        self.world = world
        self.user_id = user_id
        self.topics = topics
        self.subscribers = {task: Subscriber() for task in world.tasks}
        self.pending = {}  # task -> id of the command in flight
        self.ids = itertools.count()
        self.connection = self.session = None
        self.read_up_to = 0

    async def connect(self):
        transport = self.world.transport_type()
        self.read_up_to = 0
        self.pending.clear()
        websocket = SimpleNamespace(scope={"extensions": {TRANSPORT_KEY: transport}})
        principal = Principal(self.user_id, "u", "user", new_id(), self.world.far_future)
        self.commands = asyncio.Queue()
        self.connection = await self.world.manager.connect(websocket, principal, address="a")
        self.session = asyncio.get_running_loop().create_task(self._serve(self.connection, self.commands))
        for task in self.world.tasks:
            self.subscribe(task)

    async def _serve(self, connection, commands):
        while True:
            await self.world.manager.handle_client_message(connection, await commands.get())

    def command(self, kind, task, **fields):
        self.pending[task] = str(next(self.ids))
        frame = {"type": kind, "task_id": task, "id": self.pending[task], **fields}
        self.commands.put_nowait(orjson.dumps(frame).decode())

    def subscribe(self, task):
        last = self.subscribers[task].last
        known = {} if last is None else {"last_seq": last}
        self.command("subscribe_task", task, topics=sorted(self.topics), log_tail=5, **known)

    def resume(self, task):
        if self.subscribers[task].last is not None and task in self.connection.followed:
            self.command("resume", task, last_seq=self.subscribers[task].last)

    async def cut(self):
        """The socket is gone without a word; what was on the wire and not read is lost, or a part of it."""
        self.read(self.world.dice.random())
        self.connection.transport.retire()
        self.session.cancel()
        await asyncio.wait([self.session])
        if not self.session.cancelled():
            self.session.result()  # a session that failed is a failure
        await self.world.manager.disconnect(self.connection)
        self.connection.transport.discard()
        self.connection = None

    def read(self, share=1.0):
        """Take a share of what lies on the wire."""
        self.connection.transport.pull()
        wire = self.connection.transport.wire
        for payload in wire[self.read_up_to : self.read_up_to + int((len(wire) - self.read_up_to) * share + 0.999)]:
            self.read_up_to += 1
            self._take(read_frame(payload))

    def _take(self, frame):
        task = frame.get("task_id")
        if frame["type"] == "subscription_result":
            if frame["id"] == self.pending.get(task):
                del self.pending[task]
                assert frame["success"], frame
        elif task in self.pending:
            pass  # rule 1: ignored until the result of the command in flight
        elif task in self.subscribers and (frame["type"] != "task_snapshot" or task):
            self.subscribers[task].take(frame)


class World:
    """One schedule."""

    def __init__(self, folder, seed, transport_type):
        self.transport_type = transport_type
        self.dice = random.Random(seed)
        self.clock = FakeClock()
        self.far_future = self.clock.now().replace(year=2099)
        self.db = InlineDatabase(f"sqlite:///{folder}/{seed}.db")
        self.db.dice = self.dice
        create_tables(self.db)
        self.bus = ChaosBus()
        settings = Settings(
            data_dir=folder,
            ws_backlog_frames=self.dice.choice([8, 30, 1_000]),
            replay_max_events=self.dice.choice([5, 1_000]),
            ws_command_burst=100_000,
            ws_fanout_share=self.dice.choice([0.1, 1]),  # with the former every flush waits for some turns
        )
        texts = MessageCatalog("en")
        self.event_writer = EventWriter(db=self.db, bus=self.bus)
        self.lifecycle = Lifecycle(clock=self.clock, texts=texts)
        self.manager = build_manager(
            settings=settings,
            db=self.db,
            bus=self.bus,
            clock=self.clock,
            authenticator=SimpleAuth(),
            audit=RecordingAudit(),
            metrics=Metrics(),
        )
        self.bus.subscribe(self.manager.on_hint)
        self.tasks = []
        self.pruned_below = {}
        self.numbers = itertools.count(1)

    async def set_up(self):
        self.user_id = add_user(self.db, self.clock, "u")
        for _ in range(2):
            task = new_id()
            await self.event_writer.write(
                self.lifecycle.create(task, user_id=self.user_id, target_domain="example.org", config={})
            )
            await self.event_writer.write(self.lifecycle.claim(task, 1, "w", "example.org"))
            self.tasks.append(task)
        self.clients = [SimClient(self, self.user_id, frozenset({"progress", "logs"})) for _ in range(2)]
        self.clients.append(SimClient(self, self.user_id, frozenset({"progress"})))
        for client in self.clients:
            await client.connect()

    async def step(self):
        client = self.dice.choice(self.clients)
        task = self.dice.choice(self.tasks)
        action = self.dice.random()
        if client.connection is None or client.connection.transport.closed:
            if client.connection is not None:
                await client.cut()
            await client.connect()
        elif action < 0.40:
            await self.say(task)
        elif action < 0.60:
            self.bus.stir(self.dice)
        elif action < 0.68:
            await self.manager.sweep.run_once()
        elif action < 0.74:
            await client.cut()
        elif action < 0.80:
            client.connection.transport.stalled = True
        elif action < 0.88:
            client.connection.transport.drain()
        elif action < 0.91:
            client.resume(task)
        elif action < 0.94:
            client.subscribe(task)
        elif action < 0.96:
            self.prune(task)
        else:
            client.read(self.dice.random())
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(0)
        self.clock.advance(self.dice.random())

    async def say(self, task):
        bodies = [self.body() for _ in range(self.dice.randint(1, 4))]
        recorder = Recorder(task_id=task, attempt=1, run=1, clock=self.clock)
        await self.event_writer.write(recorder.record([NewEvent(body) for body in bodies]))

    def body(self):
        number = next(self.numbers)
        text = f"{number}{'.' * self.dice.choice([0, 0, 3_000])}"  # long ones fill a socket and are taken in parts
        kind = self.dice.randrange(3)
        if kind == 0:
            return TaskWarning(code="partial", message=text)
        if kind == 1:
            return PendingLogs((LogEntry("INFO", "m", text, self.clock.now()),))
        return TaskProgress(
            progress=min(99, number // 10),
            stage="s",
            message=text,
            stage_key="page_crawl",
            stage_index=2,
            stage_progress=0,
        )

    def prune(self, task):
        def unit(connection):
            last = connection.execute(scan_tasks.select().where(scan_tasks.c.id == task)).one().last_seq
            below = self.dice.randint(1, last)
            connection.execute(delete(task_events).where(task_events.c.task_id == task, task_events.c.seq < below))
            connection.execute(update(scan_tasks).where(scan_tasks.c.id == task).values(min_seq=below))

        self.db.write_sync(unit)

    async def settle(self):
        """Everybody is connected and reads; the bus stays dead: the sweep alone must repair."""
        for client in self.clients:
            if client.connection is None or client.connection.transport.closed:
                if client.connection is not None:
                    await client.cut()
                await client.connect()
        for _ in range(60):
            for client in self.clients:
                if client.connection.transport.closed:  # too slow at the very end: comes back
                    await client.cut()
                    await client.connect()
                client.connection.transport.drain()
                client.read()
            await self.manager.sweep.run_once()
            for _ in range(10):
                await asyncio.sleep(0)
        await asyncio.sleep(2 * fanout.LONGEST_WAIT_S)  # what waits for its share of the time leaves, and is read
        for client in self.clients:
            client.read()

    def check(self):
        for client in self.clients:
            for task in self.tasks:
                self.check_subscriber(client, task)

    def check_subscriber(self, client, task):
        subscriber = client.subscribers[task]
        assert subscriber.gaps == 0
        log = self.db.read_sync(lambda c: read_after(c, task, 0, limit=100_000))
        covered = max(snapshot["seq"] for snapshot in subscriber.snapshots)
        newest_progress = max((e.seq for e in log if e.type == "task_progress"), default=0)
        dropped = {n for first, last in subscriber.dropped_logs for n in range(first, last + 1)}
        for event in log:
            if event.seq <= covered or event.seq in subscriber.events:
                continue
            if event.type == "task_progress":
                assert event.seq < newest_progress, "the newest progress is missing"
            elif event.type == "task_logs":
                lines = {line["log_seq"] for line in event.payload()["logs"]}
                assert "logs" not in client.topics or lines <= dropped, f"log frame {event.seq} is missing"
            else:
                raise AssertionError(f"event {event.seq} of type {event.type} is missing")

    async def close(self):
        for client in self.clients:
            await client.cut()
        await self.manager.background.close()
        assert len(self.manager.registry) == 0
        assert self.manager.dispatcher.channels == {}
        await self.db.close()


async def run(folder, seed, transport_type):
    world = World(folder, seed, transport_type)
    await world.set_up()
    for _ in range(STEPS):
        await world.step()
    await world.settle()
    world.check()
    await world.close()


@pytest.mark.parametrize("transport_type", [FakeTransport, SocketPairTransport])
@pytest.mark.parametrize("block", range(4))
async def test_no_schedule_loses_an_event(tmp_path, block, transport_type, monkeypatch):
    monkeypatch.setattr(fanout, "BURST_S", 0.0)
    monkeypatch.setattr(fanout, "HURRY_BYTES", 7_000)
    for seed in range(block * SCHEDULES // 4, (block + 1) * SCHEDULES // 4):
        try:
            await run(tmp_path, seed, transport_type)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
