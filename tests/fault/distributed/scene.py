"""Two servers and two workers on PostgreSQL and Redis, a small site to scan, and clients that write down everything."""

import asyncio
import contextlib
import json
import signal
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.tasks.process_tree import MARK
from tests.fault.distributed.background import Background, running_background
from tests.fault.distributed.oracle import TERMINAL, Story, judge, latest_s, lost, read_story
from tests.fault.distributed.processes import resident_mib, signal_all, tree_of, with_variables
from tests.fault.distributed.watcher import Watcher
from tests.support.cluster import PROGRAM, Deployment, Person, Process, answers, running_deployment, wait_until
from tests.support.postgres import Cluster
from tests.support.small_world import TARGET, SmallWorld, small_world

PATIENCE_S = 180.0
MEMORY_MAY_GROW = 1.2
LAST_LINES = 40
# What waits for a minute in a deployment waits for seconds here; the machine of a test may be busy, so not less.
FAST = {
    "heartbeat_interval_s": 0.5,
    "worker_suspect_after_s": 5.0,
    "worker_lost_after_s": 12.0,
    "monitor_interval_s": 1.0,
    "scans_per_user": 4,
    "cancel_force_after_s": 5.0,
    "ws_max_connections_per_user": 1_000,
    "ws_max_connections_per_address": 1_000,
    "ws_handshakes_per_s_per_address": 1_000,
    "http_max_connections_per_address": 1_000,
}


class Scene:
    def __init__(
        self,
        deployment: Deployment,
        postgres: Cluster,
        world: SmallWorld,
        background: Background,
        entry: tuple[str, ...] = PROGRAM,
    ) -> None:
        """`entry`: what servers and workers are started by, unless they ask for another."""
        self._entry = entry
        self.deployment = deployment
        self.postgres = postgres
        self.world = world
        self.background = background
        self.servers: list[tuple[Process, str]] = []
        self.workers: list[Process] = []
        self.watchers: list[Watcher] = []
        self.measured: dict[str, str] = {}
        self.times_are_true = True  # those in the log: all processes have this machine's clock
        self._noticed_s: float | None = None
        self._repaired_s: float | None = None
        self._latest_s = self._away_s = 0.0  # of all tasks that were judged, as the next ones
        self._clients = self._events = self._lost = 0
        self._following: list[Future[None]] = []
        self._resident: dict[int, float] = {}

    # Processes

    def serve(self, entry: tuple[str, ...] | None = None) -> str:
        self.servers.append(self.deployment.serve(entry=entry or self._entry))
        return self.servers[-1][1]

    def restart(self, number: int) -> tuple[float, float]:
        """End a server in order, and start it again at its address; seconds of both."""
        process, url = self.servers[number]
        began = time.monotonic()
        assert process.end() == 0
        ended = time.monotonic()
        self.servers[number] = self.deployment.serve(port=int(url.rpartition(":")[2]))
        return ended - began, time.monotonic() - ended

    def work(self, *words: str, entry: tuple[str, ...] | None = None, **variables: str) -> Process:
        self.workers.append(self.deployment.work(*words, entry=entry or self._entry, **variables))
        return self.workers[-1]

    def owner(self, task: str) -> Process:
        """The worker that runs the task."""
        name = self.row(task)["worker_id"]
        return next(worker for worker in self.workers if name is not None and name in worker.said())

    def serve_with(self, count: int) -> None:
        """So many servers, which start at the same time: what they do then is mostly waiting."""
        begun = [self.deployment.begin_to_serve(entry=self._entry) for _ in range(count)]
        for process, url in begun:
            wait_until(lambda: answers(f"{url}/readyz"), process)  # noqa: B023 - called at once
        self.servers += begun

    def serve_another(self, entry: tuple[str, ...]) -> int:
        """One more server, started by this; its number."""
        self.serve(entry)
        return len(self.servers) - 1

    def freeze_between_transactions(self, pids: list[int]) -> None:
        """Stop the processes where they are most of the time: they hold no lock that others would wait for."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now()"
        with self.database() as connection:
            while True:
                signal_all(pids, signal.SIGSTOP)
                if connection.execute(query).fetchone() == (0,):
                    return
                signal_all(pids, signal.SIGCONT)
                time.sleep(0.01)

    # Tasks

    def tasks(self) -> list[str]:
        with self.database() as connection:
            return [task for (task,) in connection.execute("SELECT id FROM scan_tasks ORDER BY created_at")]

    def lateness_s(self, task: str, kind: str) -> list[float]:
        """For each client the time from the making of the last event of this type until it was told."""
        (*_, last) = [event for event in self.story(task).events if event["type"] == kind]
        return [watcher.told_at[last["seq"]] - last["created_at"].timestamp() for watcher in self.watchers]

    def person(self, number: int = 0) -> Person:
        return self.deployment.person(self.servers[number][1])

    def follow(
        self,
        person: Person,
        task: str,
        clients: int,
        *,
        addresses: Sequence[str] = (),
        trust: ssl.SSLContext | None = None,
    ) -> list[Watcher]:
        """The same part of them through each server, or address; each has its first snapshot when this returns."""
        addresses = list(addresses or (url for _, url in self.servers))
        found = []
        for number in range(clients):
            turn = number % len(addresses)
            found.append(Watcher(addresses[turn:] + addresses[:turn], person.token, task, trust=trust))
        self._following += [self.background.begin(watcher.run()) for watcher in found]
        self.watchers += found
        wait_until(lambda: all(watcher.begun is not None for watcher in found))
        self._resident = {process.process.pid: resident_mib(process.process.pid) for process, _ in self.servers}
        return found

    def pause(self, watchers: Sequence[Watcher]) -> None:
        """They go away."""
        for watcher in watchers:
            self.background.run(watcher.pause())

    def go_on(self, watchers: Sequence[Watcher]) -> None:
        """They come back with the positions that they had."""
        for watcher in watchers:
            self.background.run(watcher.go_on())

    def row(self, task: str) -> dict[str, Any]:
        with self.database() as connection:
            return read_story(connection, task).row

    def story(self, task: str) -> Story:
        with self.database() as connection:
            return read_story(connection, task)

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        with self.postgres.connection(self.deployment.database_url.rpartition("/")[2]) as connection:
            yield connection

    def until(self, condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        wait_until(condition, within_s=within_s)
        return time.monotonic() - began

    def until_found(self, look: Callable[[], list[int]]) -> list[int]:
        """What it finds, as soon as that is something."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found

    def until_stage(self, task: str, stage: str) -> None:
        """Until the log says that the stage runs; stages overlap, and the row names one of them alone."""
        query = "SELECT body FROM task_events WHERE task_id = %s AND type = 'task_stage' ORDER BY seq"
        deadline = time.monotonic() + PATIENCE_S
        with self.database() as connection:
            while True:
                bodies = [json.loads(body) for (body,) in connection.execute(query, (task,))]
                said = [body["status"] for body in bodies if body["stage_key"] == stage]
                if said:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.005)
        assert said == ["running"]

    def until_pages(self, count: int) -> None:
        """Until the site was asked for so many pages, which is in the middle of the crawl."""
        self.until(lambda: len({url for url in self.world.requests if "/p/" in url}) >= count)

    def finish(self, task: str, told_anew: Collection[Watcher] = ()) -> Story:
        """Wait until the task has ended, and every client stands at its end; then ask the oracle.

        `told_anew`: clients of whose positions nothing was left in the log.
        """
        self.until(lambda: self.row(task)["status"] in TERMINAL)
        last, watchers = self.row(task)["last_seq"], [watcher for watcher in self.watchers if watcher.task == task]
        with contextlib.suppress(AssertionError):  # the oracle says who stands where
            self.until(lambda: all(watcher.last == last for watcher in watchers), within_s=60)
        story = self.story(task)
        faults = list(judge(story, watchers, told_anew))
        assert not faults, f"{len(faults)}, such as {faults[:5]}"
        self._clients += len(watchers)
        self._events += sum(len(watcher.told_at) for watcher in watchers)
        self._lost += sum(len(lost(story, watcher)) for watcher in watchers)
        self._latest_s = max(self._latest_s, latest_s(story, watchers))
        self._away_s = max([self._away_s, *(watcher.away_s for watcher in watchers)])
        return story

    def finish_undisturbed(self, task: str, findings: set[tuple[Any, ...]]) -> None:
        """As `finish`; the first attempt has found these."""
        story = self.finish(task)
        assert (story.row["status"], story.row["attempt"]) == ("completed", 1)
        assert story.findings == findings

    def finish_another(self, findings: set[tuple[Any, ...]], number: int = 0) -> None:
        """A new scan, ordered through this server, finds these: what was disturbed works again."""
        task = order(self.person(number))
        self.stop_following()
        self.finish_undisturbed(task, findings)

    def is_degraded(self, number: int) -> bool:
        """Whether this server says that hints do not arrive."""
        answer = self._readiness(number)
        return answer is not None and answer["checks"]["bus"] == "degraded"

    def is_ready(self, number: int) -> bool:
        """Whether all is well at this server."""
        answer = self._readiness(number)
        return answer is not None and answer["status"] == "ok"

    def all_are_ready(self) -> bool:
        return all(self.is_ready(number) for number in range(len(self.servers)) if self._lives(number))

    def _lives(self, number: int) -> bool:
        return self.servers[number][0].process.poll() is None

    def _readiness(self, number: int) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = httpx.get(f"{self.servers[number][1]}/readyz", timeout=10).json()
        except httpx.HTTPError:
            return None
        return answer

    # The end

    def end(self) -> None:
        """Ask all to end; then no process, connection, lock or traceback may be left, and no server have grown."""
        grown = {}
        for process, _ in self.servers:
            pid = process.process.pid
            if process.process.poll() is None and pid in self._resident:
                grown[pid] = (self._resident[pid], resident_mib(pid))
        self.stop_following()
        alive = [process for process in self.deployment.processes if process.process.poll() is None]
        codes = [process.end(within_s=120) for process in alive]
        said = "".join(process.said()[-2_000:] for process, code in zip(alive, codes, strict=True) if code != 0)
        assert codes == [0] * len(alive), f"{codes}: {said}"
        ours = [f"COMPLIANCE_DATA_DIR={self.deployment.folder / 'data'}", *(f"{MARK}={task}-" for task in self.tasks())]
        wait_until(lambda: with_variables(*ours) == [], within_s=60)
        with self.database() as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            wait_until(lambda: connection.execute(f"SELECT count(*) {others}").fetchone() == (0,), within_s=60)
            locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
            assert locks == (0,)
            assert connection.execute("SELECT id FROM scan_tasks WHERE worker_id IS NOT NULL").fetchall() == []
        for process in self.deployment.processes:
            assert "Traceback" not in process.said(), process.said()
        if grown:
            before, after = max(grown.values(), key=lambda pair: pair[1] / pair[0])
            self.measured["memory of the server that grew most"] = f"{before:.0f} to {after:.0f} MiB"
            assert after <= before * MEMORY_MAY_GROW

    # What was measured

    def noticed(self, seconds: float) -> None:
        """How long after the fault somebody in the deployment knew of it. Not called: there is nothing to notice."""
        self._noticed_s = seconds

    def repaired(self, seconds: float) -> None:
        """How long after the fault, or after the end of what was done to a service, all went on. Not called: it always
        did, and what counts is how late events were.
        """
        self._repaired_s = seconds

    def results(self) -> dict[str, str]:
        """For the table of all faults, and for the terminal."""
        return {
            "noticed": "" if self._noticed_s is None else f"{self._noticed_s:.1f} s",
            "repaired": "" if self._repaired_s is None else f"{self._repaired_s:.1f} s",
            "latest event": f"{self._latest_s:.2f} s" if self.times_are_true else "",
            "events lost": f"{self._lost} of {self._events}",
            "clients": f"{self._clients}, away for {self._away_s:.1f} s" if self._away_s else str(self._clients),
            **self.measured,
        }

    def last_words(self) -> str:
        """The state of every task, and the end of every log."""
        columns = "id, status, attempt, run, worker_id, worker_state, stage_key, last_seq"
        tasks = []
        with contextlib.suppress(psycopg.Error), self.database() as connection:
            tasks = [str(row) for row in connection.execute(f"SELECT {columns} FROM scan_tasks ORDER BY created_at")]
        parts = [
            tasks,
            *([process.log.name, *process.said().splitlines()[-LAST_LINES:]] for process in self.deployment.processes),
        ]
        return "\n".join(line for part in parts for line in part)

    def close(self) -> None:
        self.stop_following()
        for process in self.deployment.processes:
            if process.process.poll() is None:
                signal_all(tree_of(process.process.pid), signal.SIGKILL)

    def take_over(self, task: str) -> None:
        """Wait until the first attempt is known to be lost, and the next one at work."""
        noticed_s = self.until(lambda: self.row(task)["attempt"] == 2)
        self.noticed(noticed_s)
        self.repaired(noticed_s + self.until(lambda: self.row(task)["status"] != "pending"))

    def stop_following(self) -> None:
        for following in self._following:
            following.cancel()
        self._following.clear()
        self.watchers.clear()


@contextlib.contextmanager
def open_scene(
    folder: Path,
    postgres: Cluster,
    *,
    entry: tuple[str, ...] = PROGRAM,
    database_port: int | None = None,
    with_redis: bool = True,
    **settings: Any,
) -> Iterator[Scene]:
    """Two servers; no worker yet."""
    with running_background() as background:
        stack = contextlib.AsyncExitStack()
        world = background.run(stack.enter_async_context(small_world()))
        reach = {name: ",".join(values) for name, values in world.settings.items()}
        try:
            chosen = {**FAST, **reach, **settings}
            with running_deployment(folder, postgres, database_port=database_port, **chosen) as deployment:
                scene = Scene(deployment, postgres, world, background, entry)
                if not with_redis:
                    deployment.redis.stop()
                try:
                    scene.serve_with(2)
                    yield scene
                finally:
                    scene.close()
        finally:
            background.run(_leave_world(stack))


async def _leave_world(stack: contextlib.AsyncExitStack) -> None:
    await stack.aclose()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def order(person: Person) -> str:
    return person.create(TARGET, cloaking=False)  # which asks for pages once more: tests count who is asked for what
