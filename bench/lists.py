"""What a list costs: making it into the file that scans look into, finding something in it, and a scan's memory.

    python -m bench.lists [--entries 2000000]

The names are made up. What takes the place of the file, a table of the same entries in a process's memory, is measured
beside it.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.domain.reputation_lists import ListDefinition
from app.engines.analyse.reputation.list_file import FoundLine, ListFile
from app.engines.lists.compiler import ListCompiler
from app.engines.lists.judge import Judge
from app.engines.lists.names import NameReader

LOOK_UPS = 50_000
KIB = 1024


def write_list(path: Path, entries: int) -> list[str]:
    """Write so many names, shuffled; return some of them."""
    chance = random.Random(52)
    names = [f"{chance.getrandbits(40):x}.{chance.choice(('shop', 'play', 'www'))}{n}.example" for n in range(entries)]
    chance.shuffle(names)
    path.write_text("\n".join(names), encoding="ascii")
    return chance.sample(names, min(LOOK_UPS, entries))


def in_child(work: Callable[[], str]) -> None:
    """Print what `work` says, of a process whose memory nothing else has touched."""
    if os.fork() == 0:
        print(work(), flush=True)
        os._exit(0)
    os.wait()


def resident(kind: str) -> float:
    """MiB of this process: `RssAnon` is its own, `RssFile` shared with all who read the same file."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / KIB


def compiled(source: Path, target: Path) -> str:
    began = time.process_time()
    result = ListCompiler(names=NameReader(), judge=Judge()).compile(source, target, ListDefinition("bench", "x"))
    spent, peak = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    return (
        f"made: {result.entries:,} entries of {result.bytes / KIB**2:.0f} MiB into {result.file_bytes / KIB**2:.0f} MiB"
        f" in {spent:.1f} s of processor time, {peak:.0f} MiB at most"
    )


def looked_up(what: str, opened: Callable[[], Callable[[str], object]], known: list[str]) -> str:
    own, shared = resident("RssAnon"), resident("RssFile")
    find = opened()
    unknown = [f"{name}.org" for name in known]
    times = []
    for names in (known, unknown):
        began = time.perf_counter()
        assert all((find(name) is not None) == (names is known) for name in names)
        times.append((time.perf_counter() - began) / len(names) * 1e6)
    own, shared = resident("RssAnon") - own, resident("RssFile") - shared
    return f"{what}: {times[0]:.1f} us found, {times[1]:.1f} us not, {own:.1f} MiB own, {shared:.0f} MiB shared"


def table(path: Path) -> Callable[[str], object]:
    file = ListFile(path)
    return {key: FoundLine(key, 1, "other", 0.95) for key in file.keys()}.get  # noqa: SIM118 - no mapping


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=2_000_000)
    entries: int = options.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "list", Path(folder) / "file"
        known = write_list(source, entries)
        in_child(lambda: compiled(source, target))
        in_child(lambda: looked_up("file", lambda: ListFile(target).find, known))
        in_child(lambda: looked_up("table", lambda: table(target), known))


if __name__ == "__main__":
    main()
