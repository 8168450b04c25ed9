"""Where a script goes when somebody clicks anywhere, and not only on what is meant for it."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

MAX_CLICKS: Final = 10  # of the code before a place

_ANYWHERE: Final = re.compile(
    r"(?:\bdocument(?:\s{0,3}\.\s{0,3}(?:body|documentElement))?|\bwindow)\s{0,3}\.\s{0,3}"
    r"(?:(?P<call>addEventListener)\s{0,3}\(\s{0,3}[\"'`](?:click|mousedown|mouseup|touchstart|touchend|pointerdown)|"
    r"on(?:click|mousedown|mouseup|touchstart|touchend|pointerdown)\s{0,3}=)"
)
_AIMED: Final = re.compile(r"\btarget\b|\bclosest\b|\bmatches\b|\bcontains\b|\bconfirm\s{0,3}\(")
_NAME: Final = re.compile(r"(?<![\w$.])[A-Za-z_$][\w$]{0,40}")
_SIGNS: Final = re.compile(r"[()\[\]{};]")
_FUNCTION: Final = re.compile(
    r"\bfunction\s{1,3}([A-Za-z_$][\w$]{0,40})|"
    r"(?<![\w$.])([A-Za-z_$][\w$]{0,40})\s{0,3}=\s{0,3}(?:function\b|\([^()\n]{0,80}\)\s{0,3}=>|[\w$]{1,40}\s{0,3}=>)"
)


def is_for_any_click(before: str) -> bool:
    """Whether code behind this one runs when somebody clicks anywhere: it stands in what listens, or in a function that
    is called there. Beside what listens it may do what it likes: a menu that closes listens, too.
    """
    clicks = list(islice(_ANYWHERE.finditer(before), MAX_CLICKS))
    if not clicks:
        return False
    functions = list(_FUNCTION.finditer(before))
    starts = {one.end(): False for one in functions} | {one.end(): bool(one["call"]) for one in clicks}
    ends = _ends(before, starts)
    around = {one[1] or one[2] for one in functions if one.end() not in ends}
    for clicked in clicks:
        if _AIMED.search(before, clicked.end()):
            continue
        end = ends.get(clicked.end())
        if end is None or not around.isdisjoint(_NAME.findall(before, clicked.end(), end)):
            return True
    return False


def _ends(code: str, starts: Mapping[int, bool]) -> dict[int, int]:
    """Return where what begins at each of these places ends, when it does. A true value: it is what a call is given.

    In one go: hostile code is full of places where something begins.
    """
    waiting, ends = sorted(starts, reverse=True), dict[int, int]()
    begun: list[tuple[int, int, bool]] = []  # where, how deep, and whether in a call: the deepest last
    depth = 0
    for match in _SIGNS.finditer(code):
        at, sign = match.start(), match[0]
        while waiting and waiting[-1] <= at:
            start = waiting.pop()
            begun.append((start, depth, starts[start]))
        depth += (sign in "([{") - (sign in ")]}")
        while begun and (depth < begun[-1][1] or (depth == begun[-1][1] and sign in "};" and not begun[-1][2])):
            ends[begun.pop()[0]] = at
    return ends
