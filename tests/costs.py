"""What each test costs: `pytest -p tests.costs --costs=FOLDER ...`, then `python -m tests.costs FOLDER [NUMBER]`.

Seconds are of the clock; processor seconds are of the test's process and of the processes that it waited for. What a
fixture of a module costs counts for the module's first test.
"""

import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

DEAREST: Final = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costs", type=Path, required=True, help="the folder that gets a file from each process")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    began_s, began_cpu_s = time.monotonic(), cpu_s()
    try:
        return (yield)
    finally:
        row = {"test": item.nodeid, "s": time.monotonic() - began_s, "cpu_s": cpu_s() - began_cpu_s}
        folder: Path = item.config.getoption("--costs")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{os.getpid()}.jsonl").open("a") as rows:
            rows.write(json.dumps(row) + "\n")


def cpu_s() -> float:
    """Return the processor seconds of this process and of the children that it waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def table(rows: list[dict[str, object]], number: int) -> str:
    """Return the dearest tests, files, and the sum."""
    files: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        cost = files[str(row["test"]).partition("::")[0]]
        cost[0] += float(str(row["cpu_s"]))
        cost[1] += float(str(row["s"]))
    tests = sorted(((float(str(row["cpu_s"])), float(str(row["s"])), str(row["test"])) for row in rows), reverse=True)
    dear_files = sorted(((cpu, wall, name) for name, (cpu, wall) in files.items()), reverse=True)
    cpu_in_all_s, in_all_s = (sum(test[place] for test in tests) for place in (0, 1))
    lines = [f"{len(rows)} tests, {cpu_in_all_s:.0f} processor seconds, {in_all_s:.0f} s"]
    for title, found in (("tests", tests), ("files", dear_files)):
        lines += ["", f"| processor s | s | {title} |", "|---|---|---|"]
        lines += [f"| {cpu:.1f} | {wall:.1f} | {name} |" for cpu, wall, name in found[:number]]
    return "\n".join(lines) + "\n"


def main(folder: str, number: str = str(DEAREST)) -> None:
    rows = [json.loads(line) for path in Path(folder).glob("*.jsonl") for line in path.read_text().splitlines()]
    sys.stdout.write(table(rows, int(number)))


if __name__ == "__main__":
    main(*sys.argv[1:])
