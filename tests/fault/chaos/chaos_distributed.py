"""Chaos in a deployment of many machines: servers, workers, PostgreSQL and Redis go wrong at random; then an oracle.

    .venv/bin/python tests/fault/chaos/chaos_distributed.py [--minutes 30] [--seed N] [--busy 8] [--keep]

Two servers and two workers on a PostgreSQL and a Redis of their own are killed, ended and frozen, and so are scans;
Redis is started anew, frozen, emptied and cuts who listens; PostgreSQL is stopped, locked and *silent*: it takes
connections, and what is sent over them, and answers nothing (tests/fault/chaos/chaos_distributed_faults.py).
Meanwhile scans of a small site are ordered, cancelled and begun anew, everything is read, and clients follow each scan
through both servers, come back, go away and return (tests/fault/chaos/chaos_distributed_people.py).

Each scan is judged by the oracle of the fault tests (`tests/fault/distributed/oracle.py`) when it has ended and when
all is over. Besides: no answer has status 500, no log a traceback, no attempt is given up whose worker and processes
nobody touched, every completed scan has found what an undisturbed one finds, and at the end nothing is left. Ends with
1 when anything of that is not so, and says what.

The seed is printed: it decides what is drawn, but not the machine's timing. `--busy 8`: beside so many busy loops.
Needs PostgreSQL and Redis.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from chaos_distributed_faults import Faults  # noqa: E402 - the repository is not on the path before
from chaos_distributed_people import People  # noqa: E402

from app.server import raise_file_limit  # noqa: E402
from tests.fault.distributed.background import running_background  # noqa: E402
from tests.fault.distributed.oracle import TERMINAL  # noqa: E402
from tests.fault.distributed.scene import Scene, open_scene, order  # noqa: E402
from tests.support.network_link import open_link  # noqa: E402
from tests.support.postgres import running_cluster  # noqa: E402

WORKERS: Final = 2
MORE_PAGES: Final = 60  # of the scanned site: a scan lasts long enough to be disturbed
DELAY_S: Final = 0.3  # until the site answers
END_S: Final = 300.0  # for all tasks to end when nothing goes wrong any more
SETTINGS: Final = {
    "access_token_ttl_s": 86_400,
    "login_burst_per_address": 1_000,
    "logins_per_minute_per_address": 10_000,
    "ws_command_burst": 10_000,
    "replay_max_events": 100_000,
}


class Chaos:
    """One run."""

    def __init__(self, scene: Scene, *, seconds: float, chance: random.Random, link: object) -> None:
        self.scene = scene
        self.seconds = seconds
        self._began = time.monotonic()
        self.people = People(scene, random.Random(chance.random()), say=self._say)
        self.faults = Faults(scene, random.Random(chance.random()), link=link, say=self._say)

    def run(self) -> list[str]:
        """What is wrong at the end."""
        for _ in range(WORKERS):
            self.scene.work("--concurrency", "2")
        undisturbed = self._undisturbed()
        until = time.monotonic() + self.seconds
        with self.people.at_work():
            while time.monotonic() < until:
                self.faults.go_on()
                self.people.judge_some(self.faults.touched, undisturbed)
        self._say("all is well from now on")
        self._until_all_ended()
        self.people.judge_all(self.faults.touched, undisturbed)
        wrong = [*self.people.wrong]
        try:
            self.scene.end()
        except AssertionError as error:
            wrong.append(f"at the end: {str(error)[:2_000]}")
        return [*wrong, *self._logged()]

    def _undisturbed(self) -> set[tuple[object, ...]]:
        task = order(self.scene.person())
        self.scene.follow(self.scene.person(), task, 2)
        story = self.scene.finish(task)
        self.scene.stop_following()
        assert story.row["status"] == "completed"
        self._say(f"an undisturbed scan took {story.row['running_s']:.0f} s and found {len(story.findings)} things")
        return story.findings

    def _until_all_ended(self) -> None:
        query = "SELECT count(*) FROM scan_tasks WHERE status <> ALL(%s)"
        with self.scene.database() as connection:

            def have_ended() -> bool:
                return connection.execute(query, (list(TERMINAL),)).fetchone() == (0,)

            try:
                self.scene.until(have_ended, within_s=END_S)
            except AssertionError:
                self.people.wrong.append("not every task ended in time")

    def _logged(self) -> Iterator[str]:
        """Tracebacks, each with what is said at its end; `Scene.end` would name the first log alone."""
        for process in self.scene.deployment.processes:
            lines = process.said().splitlines()
            for number, line in enumerate(lines):
                if "Traceback (most recent call last)" in line:
                    said = " | ".join(lines[max(0, number - 2) : number + 1])
                    end = next((text for text in lines[number + 1 :] if text and text[0] not in " |+"), "")
                    yield f"a traceback in {process.log.name}, line {number + 1}: {said} ... {end}"

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {what}", flush=True)


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that want a core each."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="as an earlier run printed it")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="beside so many busy loops")
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    options = parser.parse_args(arguments)
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"SEED={seed} MINUTES={options.minutes:g} BUSY={options.busy}", flush=True)
    raise_file_limit()
    chance = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="chaos-distributed-"))
    with ExitStack() as stack:
        postgres = stack.enter_context(running_cluster())
        background = stack.enter_context(running_background())
        link_opened = open_link(postgres.port)
        link = background.run(link_opened.__aenter__())
        stack.callback(lambda: background.run(link_opened.__aexit__(None, None, None)))
        stack.enter_context(busy_loops(options.busy))
        scene = stack.enter_context(open_scene(folder, postgres, database_port=link.port, **SETTINGS))
        scene.world.add_pages(MORE_PAGES)
        scene.world.delay_s = DELAY_S
        chaos = Chaos(scene, seconds=options.minutes * 60, chance=chance, link=(background, link))
        wrong = chaos.run()
        print("faults: " + ", ".join(f"{name} {times}" for name, times in sorted(chaos.faults.done.items())))
        print(chaos.people.summary())
        print("load of the machine: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    if wrong or options.keep:
        print(f"what is left is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'FAILED' if wrong else 'clean'}, SEED={seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
