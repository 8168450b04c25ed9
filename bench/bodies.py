"""What a body costs the server that has to refuse it, by kind: milliseconds of its processor for one request.

    .venv/bin/python bench/bodies.py [--rounds 20]

The kinds are those of tests/support/bodies.py, at the largest size that is read (8 KiB before signing in, 256 KiB
elsewhere), beside one that is as large and easily refused, and the longest wait of somebody else's /livez meanwhile.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.bodies import HOSTILE, harmless
from tests.support.service import Service, running_service

ROUNDS = 20
PLACES = (("/api/v1/auth/login", 8_192), ("/api/v1/tasks", 262_144))
JSON = {"content-type": "application/json"}


def cpu_ms(service: Service) -> float:
    fields = (service.proc / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1_000


def longest_wait_ms(service: Service, over: threading.Event, found: list[float]) -> None:
    with service.new_client() as other:
        while not over.is_set():
            began = time.perf_counter()
            other.get("/livez")
            found.append((time.perf_counter() - began) * 1_000)


def measure(service: Service, path: str, body: bytes, rounds: int) -> tuple[float, float]:
    before = cpu_ms(service)
    for _ in range(rounds):
        service.http.post(path, content=body, headers=JSON)
    cost = (cpu_ms(service) - before) / rounds
    over, waits = threading.Event(), [0.0]
    watcher = threading.Thread(target=longest_wait_ms, args=(service, over, waits))
    watcher.start()
    for _ in range(rounds):
        service.http.post(path, content=body, headers=JSON)
    over.set()
    watcher.join()
    return cost, max(waits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="requests of each kind")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        for path, size in PLACES:
            print(f"\n{path}, {size // 1_024} KiB")
            for name, make in {"easily refused": harmless, **HOSTILE}.items():
                cost, wait = measure(service, path, make(size), rounds)
                print(f"  {name:28} {cost:8.2f} ms   longest wait beside {wait:8.1f} ms")


if __name__ == "__main__":
    main()
