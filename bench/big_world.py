"""What a scan of the test internet's big world costs: time by the clock, and processor seconds by kind of process.

.venv/bin/python -m bench.big_world                   # with Chromium, as a normal scan
.venv/bin/python -m bench.big_world --no-screenshots
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from testnet.client import attach
from testnet.worlds import BIG, WORLDS

PAUSE_S = 0.5  # between two looks; a process that lives shorter is not counted
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-screenshots", action="store_true", help="without Chromium")
    parser.add_argument("--max-pages", type=int, default=10_000, help="of the scan")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "app.cli", "scan", WORLDS[BIG].target, "--world", BIG, "--json"]
    command += ["--max-pages", str(arguments.max_pages)] + ["--no-screenshots"] * arguments.no_screenshots
    with attach(world=BIG) as testnet, tempfile.TemporaryDirectory() as folder:
        load, begun = os.getloadavg()[0], time.monotonic()
        scan = subprocess.Popen([*command, "--data-dir", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        usage = ProcessorUse(scan.pid, testnet.ask(cmd="users")["pid"])
        usage.start()
        out, _ = scan.communicate()
        usage.end()
    report = json.loads(out)
    statistics = report["statistics"]
    print(f"load before {load:.1f}, by the clock {time.monotonic() - begun:.0f} s, exit code {scan.returncode}")
    print(
        f"{statistics['total_pages_crawled']:,} pages, {statistics['total_third_party_domains']} third parties, ",
        end="",
    )
    print(f"{statistics['total_violations']} violations")
    for kind, seconds in usage.seconds.most_common():
        print(f"{kind:<14} {seconds:7.1f} s of a core")
    for warning in report["warnings"]:
        print(warning["message"])
    return 0


class ProcessorUse(threading.Thread):
    """Looks at a process and all that descend from it, and at the server of the test internet."""

    def __init__(self, root: int, server: int) -> None:
        super().__init__(daemon=True)
        self._ours = {root}
        self._server = server
        self._at_first = processor_s(read_stat(server))
        self._latest: dict[int, tuple[str, float]] = {}
        self._over = threading.Event()

    @property
    def seconds(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for kind, seconds in self._latest.values():
            found[kind] += seconds
        return found

    def run(self) -> None:
        while not self._over.wait(PAUSE_S):
            self._look()

    def end(self) -> None:
        self._over.set()
        self.join()

    def _look(self) -> None:
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        stats = {pid: stat for pid in pids if (stat := read_stat(pid))}
        grown = True
        while grown:  # children of children are in no order
            found = {pid for pid, stat in stats.items() if int(stat[1]) in self._ours}
            grown = not found <= self._ours
            self._ours |= found
        for pid in self._ours & stats.keys():
            kind, _ = self._latest.get(pid, (kind_of(pid), 0.0))
            self._latest[pid] = (kind, processor_s(stats[pid]))
        self._latest[self._server] = ("test internet", processor_s(stats[self._server]) - self._at_first)


def read_stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def processor_s(stat: list[str]) -> float:
    return (int(stat[11]) + int(stat[12])) / TICKS


def kind_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().lower()
    except OSError:
        return "scan"
    return "browser" if b"chrom" in words or b"playwright" in words else "scan"


if __name__ == "__main__":
    sys.exit(main())
