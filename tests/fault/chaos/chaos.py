"""Chaos: a real server and real scans of the test internet, with everything going wrong at random; then an oracle.

    .venv/bin/python tests/fault/chaos/chaos.py [--minutes 15] [--seed N] [--keep]

A server (chaos_server.py) is killed, stopped and frozen, its scans too; its database is locked, its disk is full
(a small tmpfs as root, else a limit on the size of files), one commit in a hundred has an unknown outcome, one in a
thousand kills its process before it can answer, and of the hints on its bus three in ten are lost, doubled or late.
Meanwhile tasks are made, cancelled, retried and deleted, and for each of them WebSocket clients and an event stream
follow, some of which cut, leave, come back and read slowly at random.

At the end all is well again, every task ends, every client catches up, the server is asked to end; then the oracle
(chaos_oracle.py) looks. Ends with 1 when it found anything, and says what. The seed is printed: it decides what
is drawn, but not the machine's timing. All traffic is to the test internet, and bounded: at most UNFINISHED scans at
once, of few pages each.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
from chaos_backend import PASSWORD, Backend
from chaos_faults import Faults
from chaos_oracle import TERMINAL, judge
from chaos_watchers import STYLES, Watcher

from app.core.ids import new_id
from testnet.client import attach

TARGET: Final = "corp.test"
UNFINISHED: Final = 4  # tasks at once: one waits while three run
MOST_TASKS: Final = 120
END_S: Final = 300.0  # for all tasks to end when nothing goes wrong any more
CATCH_UP_S: Final = 60.0
ACT_EVERY_S: Final = (0.5, 3.0)


class People:
    """Who makes tasks and does things to them, over REST."""

    def __init__(self, backend: Backend, chance: random.Random) -> None:
        self._backend = backend
        self._chance = chance
        self.token = ""
        self.statuses: Counter[int] = Counter()  # of answers
        self.tasks: list[str] = []
        self.watchers: list[Watcher] = []
        self._watching: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(base_url=f"{backend.url}/api/v1", timeout=10, trust_env=False)

    async def sign_in(self) -> None:
        """As often as it takes: a commit may be unsure here as well."""
        while not self.token:
            body = {"username": "admin", "password": PASSWORD}
            answer = await self._ask("POST", "/auth/login", json=body)
            if answer is not None and answer.status_code == 200:
                self.token = answer.json()["access_token"]
            else:
                await asyncio.sleep(0.2)

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(self._chance.uniform(*ACT_EVERY_S))
            unfinished = await self._unfinished()
            if unfinished is None:
                continue
            if len(unfinished) < UNFINISHED and len(self.tasks) < MOST_TASKS:
                await self._create()
            fate = self._chance.random()
            if unfinished and fate < 0.08:
                await self._ask("POST", f"/tasks/{self._chance.choice(unfinished)}/cancel")
            elif self.tasks and fate < 0.14:
                await self._ask("POST", f"/tasks/{self._chance.choice(self.tasks)}/retry")
            elif self.tasks and fate < 0.16:
                await self._ask("DELETE", f"/tasks/{self._chance.choice(self.tasks)}")

    async def until_all_ended(self) -> bool:
        """False: not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while (unfinished := await self._unfinished()) is None or unfinished:  # noqa: ASYNC110 - REST tells
                    await asyncio.sleep(0.5)
                return True
        return False

    async def until_caught_up(self) -> None:
        """What is not there by then, the oracle will see."""
        ends: dict[str, int] = {}
        for item in await self._list():
            ends[item["id"]] = item["last_seq"]
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                while not all(w.gone or w.last == ends.get(w.task_id) for w in self.watchers):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)

    async def leave(self) -> list[str]:
        """What went wrong with the clients themselves."""
        for task in self._watching:
            task.cancel()
        ends = await asyncio.gather(*self._watching, return_exceptions=True)
        await self._http.aclose()
        return [f"a client broke: {end!r}" for end in ends if isinstance(end, Exception)]

    async def _create(self) -> None:
        """The same key until it is answered: an unknown outcome makes no second task."""
        config = {"max_pages": self._chance.randint(15, 60), "use_passive_sources": False, "screenshots": False}
        body = {"target_domain": TARGET, "config": config}
        key = {"Idempotency-Key": new_id()}
        for _ in range(20):
            answer = await self._ask("POST", "/tasks", json=body, headers=key)
            if answer is not None and answer.status_code == 201:
                self._follow(answer.json()["id"])
                return
            await asyncio.sleep(0.5)

    def _follow(self, task_id: str) -> None:
        if task_id in self.tasks:
            return
        self.tasks.append(task_id)
        for style in STYLES:
            draws = random.Random(self._chance.random())
            watcher = Watcher(task_id, self._backend.url, lambda: self.token, style, draws)
            self.watchers.append(watcher)
            self._watching.add(asyncio.create_task(watcher.run(), name=f"{style} {task_id}"))

    async def _unfinished(self) -> list[str] | None:
        """None: there was no answer."""
        items = await self._list()
        if items is None:
            return None
        return [item["id"] for item in items if item["status"] not in TERMINAL]

    async def _list(self) -> Any:
        answer = await self._ask("GET", "/tasks", params={"page_size": 200})
        return answer.json()["items"] if answer is not None and answer.status_code == 200 else None

    async def _ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """None: there was no answer."""
        signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = await self._http.request(method, path, headers={**signed, **(headers or {})}, **options)
        except httpx.HTTPError:
            return None
        self.statuses[answer.status_code] += 1
        return answer


class Chaos:
    """One run."""

    def __init__(self, *, seconds: float, seed: int, folder: Path, reached_by: dict[str, Any]) -> None:
        self.seconds = seconds
        chance = random.Random(seed)
        self.backend = Backend(run=f"chaos-{new_id()}", seed=seed, folder=folder, reached_by=reached_by)
        self.people = People(self.backend, random.Random(chance.random()))
        self.faults = Faults(self.backend, random.Random(chance.random()), say=self._say)
        self._began = time.monotonic()

    async def run(self) -> list[str]:
        """What is wrong at the end."""
        self.backend.prepare()
        await self.backend.start()
        await self.people.sign_in()
        until = time.monotonic() + self.seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(self.people.run(until))
            group.create_task(self.faults.run(until))
        self._say("all is well from now on")
        wrong = [] if await self._settle() else ["not every task ended in time"]
        code = await self.backend.end()
        self._say(f"the server has ended with {code}")
        if code != 0:
            wrong.append(f"the server ended with {code}")
        wrong += await self.people.leave()
        for _ in range(50):  # processes that were let go write their checkpoints
            if not self.backend.processes():
                break
            await asyncio.sleep(0.2)
        return [*wrong, *judge(self.backend, self.people.watchers, self.people.statuses)]

    async def _settle(self) -> bool:
        """Whether all tasks ended. A server that dies of its own failpoint is started again."""
        keeping = asyncio.create_task(self._keep_alive())
        ended = await self.people.until_all_ended()
        await self.people.until_caught_up()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        return ended

    async def _keep_alive(self) -> None:
        while True:
            if not self.backend.is_up:
                await self.backend.start()
            await asyncio.sleep(0.2)

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {what}", flush=True)

    def summary(self) -> str:
        watchers = self.people.watchers
        connections = sum(watcher.connections for watcher in watchers)
        told = Counter(entry.kind for watcher in watchers for entry in watcher.story)
        faults = ", ".join(f"{name} {times}" for name, times in sorted(self.faults.done.items()))
        statuses = ", ".join(f"{status}: {times}" for status, times in sorted(self.people.statuses.items()))
        events = told.total() - told["snapshot"] - told["dropped"]
        return (
            f"server lives {self.backend.lives}, disk of its own: {self.backend.is_mounted}\n"
            f"faults: {faults}\n"
            f"tasks {len(self.people.tasks)}, answers by status: {statuses}\n"
            f"clients {len(watchers)}, connections {connections}, events {events}, snapshots {told['snapshot']}, "
            f"ranges of log lines dropped {told['dropped']}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=None, help="as an earlier run printed it")
    parser.add_argument("--keep", action="store_true", help="leave data and logs where they are")
    options = parser.parse_args(arguments)
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"SEED={seed} MINUTES={options.minutes:g}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with attach() as testnet:
        said = testnet.settings
        reached_by = {
            "resolvers": said["resolvers"],
            "allow_networks": said["allow_networks"],
            "ca_file": said["ca_file"],
            "port_map": [f"{port}={real}" for port, real in said["port_map"].items()],
        }
        chaos = Chaos(seconds=options.minutes * 60, seed=seed, folder=folder, reached_by=reached_by)
        try:
            wrong = asyncio.run(chaos.run())
        finally:
            if chaos.backend.is_up and chaos.backend.process is not None:
                with suppress(ProcessLookupError):
                    chaos.backend.process.kill()
            if options.keep and chaos.backend.is_mounted:
                shutil.copytree(chaos.backend.data_dir, folder / "kept", ignore_dangling_symlinks=True)
            chaos.backend.clear()
    print(chaos.summary())
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    if options.keep or wrong:
        print(f"what is left is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'FAILED' if wrong else 'clean'}, SEED={seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
