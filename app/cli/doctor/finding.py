"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    LESS = "less"  # something works less well, or not at all, and the rest does not need it
    BAD = "bad"  # the service or its scans do not work like this


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is stable, for scripts. `means`: what works without it and what does not; empty where all is well."""

    name: str
    state: State
    found: str
    means: str = ""


def ok(name: str, found: str, means: str = "") -> Finding:
    return Finding(name, State.OK, found, means)


def less(name: str, found: str, means: str) -> Finding:
    return Finding(name, State.LESS, found, means)


def bad(name: str, found: str, means: str) -> Finding:
    return Finding(name, State.BAD, found, means)
