"""What happens to servers, workers, PostgreSQL and Redis in chaos_distributed.py."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg

from app.tasks import process_tree
from tests.fault.distributed.processes import signal_all, tree_of
from tests.fault.distributed.scene import Scene
from tests.support.cluster import Process

PAUSE_S: Final = (0.5, 4.0)  # between two faults
FROZEN_S: Final = (0.2, 6.0)  # a worker, a scan, a server: none is given up for it
ABANDONED_S: Final = (14.0, 20.0)  # until it is given up
SILENT_S: Final = (2.0, 40.0)
LOCKED_S: Final = (0.5, 15.0)


class Faults:
    """One after the other, drawn by weight; after each all services are there again."""

    def __init__(self, scene: Scene, chance: random.Random, *, link: Any, say: Callable[[str], None]) -> None:
        self._scene = scene
        self._chance = chance
        self._background, self._link = link
        self._say = say
        self.done: Counter[str] = Counter()
        self.touched: set[tuple[str, int]] = set()  # (task, attempt) whose worker or process something was done to
        self._all: dict[str, tuple[int, Callable[[], None]]] = {
            "server killed": (2, self._kill_server),
            "server started anew": (1, self._restart_server),
            "server frozen": (2, self._freeze_server),
            "worker killed": (2, self._kill_worker),
            "worker started anew": (1, self._restart_worker),
            "worker frozen": (2, self._freeze_worker),
            "worker frozen until it is given up": (1, self._abandon_worker),
            "scan killed": (3, self._kill_scan),
            "scan frozen": (2, self._freeze_scan),
            "redis started anew": (1, self._restart_redis),
            "redis frozen": (1, self._freeze_redis),
            "redis emptied": (1, self._empty_redis),
            "redis cuts who listens": (1, self._cut_listeners),
            "postgresql stopped": (1, self._stop_postgres),
            "postgresql locked": (1, self._lock_tasks),
            "postgresql silent": (2, self._freeze_postgres),
            "postgresql silent behind the network": (2, self._swallow),
            "postgresql silent, and connections are reset": (2, self._swallow_anew),
        }

    def go_on(self) -> None:
        """The next one."""
        time.sleep(self._chance.uniform(*PAUSE_S))
        names = list(self._all)
        (name,) = self._chance.choices(names, [weight for weight, _ in self._all.values()])
        self._say(name)
        self.done[name] += 1
        self._all[name][1]()

    # Servers

    def _server(self) -> int:
        return self._chance.randrange(len(self._scene.servers))

    def _kill_server(self) -> None:
        number = self._server()
        process, url = self._scene.servers[number]
        signal_all(tree_of(process.process.pid), signal.SIGKILL)
        process.process.wait()
        time.sleep(self._chance.uniform(0, 3))
        self._scene.servers[number] = self._scene.deployment.serve(port=int(url.rpartition(":")[2]))

    def _restart_server(self) -> None:
        self._scene.restart(self._server())

    def _freeze_server(self) -> None:
        self._freeze(tree_of(self._scene.servers[self._server()][0].process.pid), FROZEN_S)

    # Workers and scans

    def _worker(self) -> Process:
        return self._chance.choice([worker for worker in self._scene.workers if worker.process.poll() is None])

    def _kill_worker(self) -> None:
        worker = self._worker()
        signal_all(tree_of(worker.process.pid), signal.SIGKILL)
        worker.process.wait()
        self._touch(worker)
        time.sleep(self._chance.uniform(0, 5))
        self._scene.work("--concurrency", "2")

    def _restart_worker(self) -> None:
        """In order: what it runs is given back."""
        worker = self._worker()
        self._touch(worker)
        worker.end()
        self._touch(worker)
        self._scene.work("--concurrency", "2")

    def _freeze_worker(self) -> None:
        """Short of being given up; nevertheless its site may have been too slow for it."""
        worker = self._worker()
        self._freeze(tree_of(worker.process.pid), FROZEN_S)

    def _abandon_worker(self) -> None:
        worker = self._worker()
        pids = tree_of(worker.process.pid)
        signal_all(pids, signal.SIGSTOP)
        try:
            self._touch(worker)
            time.sleep(self._chance.uniform(*ABANDONED_S))
        finally:
            signal_all(pids, signal.SIGCONT)

    def _scan(self) -> list[int]:
        """The processes of one that runs."""
        query = "SELECT id, attempt FROM scan_tasks WHERE status IN ('running', 'cancelling') ORDER BY id"
        with self._scene.database() as connection:
            running = connection.execute(query).fetchall()
        if not running:
            return []
        task, attempt = self._chance.choice(running)
        self.touched.add((task, attempt))
        return process_tree.members(process_tree.mark_of(task, attempt))

    def _kill_scan(self) -> None:
        signal_all(self._scan(), signal.SIGKILL)

    def _freeze_scan(self) -> None:
        self._freeze(self._scan(), (0.2, 16.0))

    def _touch(self, worker: Process) -> None:
        """Note what it runs."""
        query = "SELECT id, attempt, worker_id FROM scan_tasks WHERE worker_id IS NOT NULL"
        said = worker.said()
        with self._scene.database() as connection:
            for task, attempt, name in connection.execute(query):
                if name in said:
                    self.touched.add((task, attempt))

    # Redis

    def _restart_redis(self) -> None:
        self._scene.deployment.redis.stop()
        time.sleep(self._chance.uniform(0, 10))
        self._scene.deployment.redis.start()

    def _freeze_redis(self) -> None:
        self._scene.deployment.redis.freeze()
        try:
            time.sleep(self._chance.uniform(1, 15))
        finally:
            self._scene.deployment.redis.thaw()

    def _empty_redis(self) -> None:
        with self._scene.deployment.redis.client() as redis:
            redis.flushall()

    def _cut_listeners(self) -> None:
        with self._scene.deployment.redis.client() as redis:
            redis.client_kill_filter(_type="pubsub")

    # PostgreSQL

    def _stop_postgres(self) -> None:
        self._scene.postgres.stop(self._chance.choice(["immediate", "fast"]))
        time.sleep(self._chance.uniform(0, 12))
        self._scene.postgres.start()

    def _lock_tasks(self) -> None:
        with suppress(psycopg.OperationalError), self._scene.database() as connection, connection.transaction():
            connection.execute("LOCK TABLE scan_tasks IN ACCESS EXCLUSIVE MODE")
            time.sleep(self._chance.uniform(*LOCKED_S))

    def _freeze_postgres(self) -> None:
        """The system takes connections, and what is sent over them; nobody answers."""
        postmaster = int((self._scene.postgres.data / "postmaster.pid").read_text().splitlines()[0])
        signal_all([postmaster], signal.SIGSTOP)  # first: from then on it has no new children
        self._freeze(tree_of(postmaster), SILENT_S)

    def _swallow(self) -> None:
        """Nothing passes, on the connections that there are and on new ones; it arrives when that is over."""
        self._call(self._link.cut)
        time.sleep(self._chance.uniform(*SILENT_S))
        self._call(self._link.restore)

    def _swallow_anew(self) -> None:
        """The connections that there are break; new ones are taken, and nobody answers."""
        self._call(self._link.cut)
        self._call(self._link.reset)
        time.sleep(self._chance.uniform(*SILENT_S))
        self._call(self._link.restore)

    def _call(self, what: Callable[[], None]) -> None:
        self._background.loop.call_soon_threadsafe(what)

    def _freeze(self, pids: list[int], seconds: tuple[float, float]) -> None:
        signal_all(pids, signal.SIGSTOP)
        try:
            time.sleep(self._chance.uniform(*seconds))
        finally:
            signal_all(pids, signal.SIGCONT)
