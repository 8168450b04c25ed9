"""What the analysis has to reach, how true its confidence is, and what it said of blind batches at first sight.

Read from `tests/eval/figures.toml`. A confidence is true when of all that is said with 0.7 seven tenths are right.
Sets of which every miss was looked at flatter: there nearly all that is said is right, whatever its confidence. So it
is what was said of blind batches at first sight that has to agree, within `TOLERANCE` in every bin that has `ENOUGH`;
of today's sets only a confidence that promises too much is a fault.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("figures.toml")
TOLERANCE: Final = 0.10
ENOUGH: Final = 20  # of a bin: with fewer, chance alone moves the observed share by more than the tolerance
BINS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Said:
    """One violation that was said."""

    label: str
    confidence: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """All that was said with a confidence from `start` on, below the next start."""

    start: float
    number: int
    confidence: float  # mean
    observed: float  # share that was right

    @property
    def difference(self) -> float:
        """Above 0: the confidence promises too much."""
        return self.confidence - self.observed


@dataclass(frozen=True, slots=True)
class FirstSight:
    """What was said of a batch before anybody looked at a miss."""

    batch: str
    written: str
    pages: str
    precision: float
    recall: float
    said: tuple[Said, ...]


@cache
def figures() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def first_sight() -> Iterator[FirstSight]:
    """Yield the blind batches, the oldest first."""
    for one in figures()["first_sight"]:
        said = tuple(
            Said(label, confidence, is_right)
            for name, is_right in (("right", True), ("wrong", False))
            for label, confidences in one[name].items()
            for confidence in confidences
        )
        yield FirstSight(one["batch"], str(one["written"]), one["pages"], one["precision"], one["recall"], said)


def bins_of(said: Iterable[Said]) -> list[Bin]:
    """Return the bins that have anything in them, the lowest first."""
    found = []
    every = list(said)
    for start, end in zip(BINS, (*BINS[1:], 1.01), strict=True):
        inside = [one for one in every if start <= one.confidence < end]
        if inside:
            confidence = sum(one.confidence for one in inside) / len(inside)
            found.append(Bin(start, len(inside), confidence, sum(one.is_right for one in inside) / len(inside)))
    return found


def print_calibration(name: str, said: Sequence[Said]) -> None:
    """Print a row for each class: of each bin the difference of confidence and observation, with how many there are."""
    print(f"\n| {name}: confidence less observed (n) | " + " | ".join(map(str, BINS)) + " |\n|---" + "|---" * 5 + "|")
    for label in (*sorted({one.label for one in said}), ALL):
        by_start = {one.start: one for one in bins_of(one for one in said if label in (one.label, ALL))}
        cells = (_cell(by_start.get(start)) for start in BINS)
        print(f"| {label} | " + " | ".join(cells) + " |")


def _cell(of: Bin | None) -> str:
    return "" if of is None else f"{of.difference:+.3f} ({of.number})"


def print_first_sight() -> None:
    """Print the blind batches, and how true the confidence was for them together."""
    print("\n| at first sight | written | pages | precision | recall |\n|---|---|---|---|---|")
    batches = list(first_sight())
    for one in batches:
        print(f"| {one.batch} | {one.written} | {one.pages} | {one.precision:.3f} | {one.recall:.3f} |")
    said = [said for one in batches for said in one.said]
    print_calibration("blind batches at first sight", said)
    for one in bins_of(said):
        if one.number >= ENOUGH and abs(one.difference) > TOLERANCE:
            verb = "promises too much" if one.difference > 0 else "promises too little"
            print(f"\nAt first sight a confidence from {one.start} on {verb}: {one.confidence:.3f}, {one.observed:.3f}")


def overconfident(said: Iterable[Said]) -> list[str]:
    """Return a sentence for each bin with enough in it in which the confidence promises too much."""
    return [
        f"confidence from {one.start} on: {one.confidence:.3f}, of which {one.observed:.3f} is right"
        for one in bins_of(said)
        if one.number >= ENOUGH and one.difference > TOLERANCE
    ]


def below(name: str, reached: float, wanted: float) -> list[str]:
    """Return a sentence when a share is less than it was; both to three places."""
    return [f"{name}: {reached:.3f}, it was {wanted:.3f}"] if round(reached, 3) < wanted else []


def above(name: str, reached: float, most: float) -> list[str]:
    """Return a sentence when a share of false alarms is more than it was."""
    return [f"{name}: {reached:.3f}, it was {most:.3f}"] if round(reached, 3) > most else []


def share(flags: Iterable[bool]) -> float:
    """Return the share of those that are true; 0 of none."""
    every = list(flags)
    return sum(every) / len(every) if every else 0.0


def judged(faults: Sequence[str]) -> int:
    """Print what is worse than it was, and return the code to end with."""
    for fault in faults:
        print(f"WORSE: {fault}")
    return 1 if faults else 0
