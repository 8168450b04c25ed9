"""What others wait for while one user floods every operation of the API.

    .venv/bin/python bench/floods.py [--seconds 30] [--at-once 100] [--only WORD ...] [--each SECONDS]

A server with the settings that everybody gets, on a database with a thousand ended scans. One signed-in user asks for
all that the OpenAPI document names, with the examples of its parameters and bodies, so many at once and without end:
first for all that is read, then for everything. What signs out is asked with sessions of another account of theirs;
what is ordered is never reached, because nobody answers the server's questions for addresses. Meanwhile somebody else,
at another address, asks who they are (`GET /auth/me`) and pings their WebSocket. Printed: what both took, in
milliseconds, beside what they take when nobody floods; the processor time that the server's event loop took during each
look, which other work does not change; and what the flood was answered. `--each`: every operation alone for so long, so
that one that holds others up is found.

Ends with 1 when an answer has status 500, or a round of the monitor was late. Flood, server and the other one share
this machine: look at the load.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fanout import describe_machine  # noqa: E402 - the repository is not on the path before

from tests.support.flood import Operation  # noqa: E402
from tests.support.flooding import (  # noqa: E402
    NOWHERE,
    SECOND,
    Waits,
    fill,
    flooding,
    known_ids,
    operations_of,
    p99,
    waits_for,
)
from tests.support.service import Service, running_service  # noqa: E402

READS: Final = "everything that is read"
ALL: Final = "everything"


class Bench:
    def __init__(self, service: Service, at_once: int) -> None:
        self.service = service
        self._at_once = at_once
        self._known = known_ids(service, fill(service))
        service.add_user(SECOND)
        self._attacker = service.sign_in()["Authorization"].removeprefix("Bearer ")
        self._other = service.add_user("other")
        self.statuses: Counter[str] = Counter()

    def quiet(self, seconds: float) -> None:
        self._say("nothing", asyncio.run(waits_for(self.service, self._other, seconds)))

    def flood(self, name: str, operations: Sequence[Operation], seconds: float) -> None:
        flood = flooding(self.service, operations, self._attacker, self._known, at_once=self._at_once)
        with flood as answers:
            waited = asyncio.run(waits_for(self.service, self._other, seconds))
        said = sum((Counter(by_status) for by_status in answers.values()), Counter[str]())
        self.statuses += said
        self._say(name, waited, said)

    def _say(self, name: str, waited: Waits, said: Counter[str] | None = None) -> None:
        of_each = (waited.looks, waited.pings, waited.loop)
        columns = [value * 1_000 for times in of_each for value in (median(times), p99(times), max(times))]
        answers = "" if said is None else "  " + ", ".join(f"{key}: {said[key]}" for key in sorted(said))
        print(
            f"{name:<58}{len(waited.looks):>7}" + "".join(f"{value:>8.1f}" for value in columns) + answers, flush=True
        )


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def measure(bench: Bench, *, seconds: float, only: Sequence[str], each_s: float | None) -> None:
    operations = [item for item in operations_of(bench.service) if not only or any(word in item.name for word in only)]
    print(f"{'':<65}{'GET /auth/me, ms':>24}{'ping, ms':>24}{'loop of the server, ms':>24}")
    heads = ("p50", "p99", "longest") * 3
    print(f"{'beside':<58}{'looks':>7}" + "".join(f"{head:>8}" for head in heads) + "  answers by status")
    bench.quiet(seconds)
    if each_s is not None:
        for operation in operations:
            bench.flood(operation.name, [operation], each_s)
        return
    reads = [operation for operation in operations if operation.method == "GET"]
    for name, some in ((READS, reads), (ALL, operations)):
        if some:
            bench.flood(f"{name} ({len(some)} operations)", some, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--only", nargs="*", default=(), metavar="WORD", help="operations whose name has one of these")
    parser.add_argument("--each", type=float, default=None, metavar="SECONDS", help="each alone, for so long")
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        settings = {"ws_control_burst": 100_000, "ws_controls_per_s": 10_000, "resolvers": NOWHERE}
        with running_service(Path(folder) / "service", **settings) as service:
            bench = Bench(service, options.at_once)
            began = time.monotonic()
            measure(bench, seconds=options.seconds, only=options.only, each_s=options.each)
            paused = service.log().count("monitor_paused")
            print(f"rounds of the monitor that were late: {paused}, in {time.monotonic() - began:.0f} s")
            print("load of the machine: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))
    return 1 if paused or bench.statuses["500"] else 0


if __name__ == "__main__":
    sys.exit(main())
