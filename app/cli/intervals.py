"""The interval of `compliance scan --watch`, and what cannot be asked for beside it."""

import re
from typing import Final

from app.cli.misused import Misused

_EVERY: Final = re.compile(r"([0-9]{1,4})([hd])")
_HOURS: Final = {"h": 1, "d": 24}


def check_interval(words: tuple[str, str] | None) -> tuple[str, str] | None:
    """For an option's `callback`: refuse what `hours_of` does."""
    if words is not None:
        hours_of(words)
    return words


def hours_of(words: tuple[str, str]) -> int:
    """Return the hours of `every 12h` or `every 1d`. Raises Misused."""
    from app.sites.schedule import MAX_HOURS  # loads what `--help` does without

    every, interval = words
    found = _EVERY.fullmatch(interval)
    hours = int(found[1]) * _HOURS[found[2]] if found else 0
    if every != "every" or not 1 <= hours <= MAX_HOURS:
        raise Misused("interval", value=repr(f"{every} {interval}"), most=MAX_HOURS // 24)
    return hours


def check_alone(**others: object) -> None:
    """Raise Misused for an option that speaks of one scan alone: a watch makes many, and ends with Ctrl-C."""
    for name, value in others.items():
        if value is not None:
            raise Misused("not_with_watch", option=f"--{name.replace('_', '-')}")
