"""The table of faults in docs/performance.md, from what runs have measured: `table FILE` writes it anew.

FILE is what the tests of `-m fault` have written with `FAULTS_RESULTS=FILE`. Of several runs the slowest counts.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from itertools import dropwhile
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).resolve().parents[3] / "docs" / "performance.md"
COLUMN_NAMES: Final = "| fault | noticed | repaired | latest event | lost | clients | besides |\n"
HEAD: Final = f"{COLUMN_NAMES}|---|---:|---:|---:|---:|---|---|\n"
SECONDS: Final = ("noticed", "repaired", "latest event")
COLUMNS: Final = (*SECONDS, "events lost", "clients")
Results = Mapping[str, str]


def sentence(name: str) -> str:
    """A test's name for people; of its parameters those that are words."""
    words, _, parameters = name.partition("[")
    told = parameters.rstrip("]").replace("_", " ")
    return words if not told or re.search(r"\d", told) else f"{words} ({told})"


def slowest(runs: Iterable[tuple[str, Results]]) -> dict[str, dict[str, str]]:
    """By what happened: of each time the longest, of all else the last."""
    found: dict[str, dict[str, str]] = {}
    for name, results in runs:
        known = found.setdefault(sentence(name), {})
        longer = {key: max(results[key], known.get(key, ""), key=_number) for key in SECONDS}
        known.update({**results, **longer})
    return found


def _number(text: str) -> float:
    return float(text.removesuffix(" s") or -1)


def row(name: str, results: Results) -> str:
    besides = "; ".join(f"{key} {value}" for key, value in results.items() if key not in COLUMNS)
    cells = [name, *(results[key] or "-" for key in COLUMNS), besides]
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells) + "\n"


def written(document: str, runs: Iterable[tuple[str, Results]]) -> str:
    """The document with the table of these runs."""
    before, head, rest = document.partition(HEAD)
    assert head, "docs/performance.md has no table of faults"
    after = "".join(dropwhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True)))
    return before + head + "".join(row(name, results) for name, results in slowest(runs).items()) + after


def main(path: Path) -> None:
    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), runs), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
