"""Names like those that were found: with what administrators put before, behind and in place of parts of a label, and
with the next numbers. Pure.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MAX_PERMUTATIONS: Final = 2_000  # a third of what a dictionary search of a large list costs; the first are most telling
STEPS: Final = (1, -1, 2, 3)  # of a number in a label
MAX_LABEL: Final = 63
# Most telling first: what a second copy of a service is called.
AFFIXES: Final = (
    "test",
    "dev",
    "uat",
    "pre",
    "prod",
    "stage",
    "staging",
    "beta",
    "api",
    "admin",
    "old",
    "new",
    "bak",
    "backup",
    "demo",
    "sit",
    "gray",
    "legacy",
    "internal",
    "web",
    "app",
    "cdn",
    "img",
    "static",
    "cn",
    "bj",
    "sh",
    "gz",
)
_NUMBER: Final = re.compile(r"[0-9]{1,6}")


def permutations_of(names: Iterable[str], root: str, *, limit: int = MAX_PERMUTATIONS) -> list[str]:
    """Return at most `limit` names strictly below `root` that none of `names` is, each once.

    Numbers of all names come first, then affix by affix over all names: a limit cuts what is least telling.
    """
    known = dict.fromkeys(name for name in names if name.endswith("." + root))
    found: dict[str, None] = {}
    for variation in _variations(list(known)):
        if variation not in known:
            found[variation] = None
            if len(found) == limit:
                break
    return list(found)


def _variations(names: list[str]) -> Iterator[str]:
    split = [name.partition(".")[::2] for name in names]
    for label, zone in split:
        yield from (f"{varied}.{zone}" for varied in _numbered(label))
    for affix in AFFIXES:
        for label, zone in split:
            yield from (f"{varied}.{zone}" for varied in _affixed(label, affix) if len(varied) <= MAX_LABEL)


def _numbered(label: str) -> Iterator[str]:
    """`node1` gives `node2`, `node0`, `node3`, `node4`; a number keeps its width. A label without one gets one."""
    number = None
    for number in _NUMBER.finditer(label):
        digits = number[0]
        for step in STEPS:
            if int(digits) + step >= 0:
                yield f"{label[: number.start()]}{int(digits) + step:0{len(digits)}}{label[number.end() :]}"
    if number is None:
        yield from (f"{label}{digits}" for digits in ("1", "2", "01", "02") if len(label) + len(digits) <= MAX_LABEL)


def _affixed(label: str, affix: str) -> Iterator[str]:
    yield f"{label}-{affix}"
    yield f"{affix}-{label}"
    parts = label.split("-")
    for place in range(len(parts) if len(parts) > 1 else 0):
        yield "-".join((*parts[:place], affix, *parts[place + 1 :]))
