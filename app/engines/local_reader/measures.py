"""Evaluation of a trained model on pages held out from its training. Pure.

Of the held-back pages nothing was known of their domain, so the numbers speak of sites that come next. They speak of
findings about which people decide, which are not all pages: one violates there of two, not one of a thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from app.domain.local_reading import CLASS_FROM, RAISE_FROM, SUPPRESS_UP_TO, DecidedPage
from app.engines.local_reader.model import VIOLATION

BINS: Final = (0.0, 0.15, 0.3, 0.5, 0.7, 0.9, 1.0)  # of probability: where it acts, and what lies between
ACCUSED_FROM: Final = 0.5  # of a head, for precision and recall
MAX_NAMED: Final = 20  # domains of confirmed findings that would have been suppressed


@dataclass(frozen=True, slots=True)
class HeldBack:
    """One head: whether each page is what it looks for, and what it said of it without having seen its domain."""

    labels: Sequence[bool]
    probabilities: Sequence[float]


def measured(pages: Sequence[DecidedPage], held: Mapping[str, HeldBack]) -> dict[str, Any]:
    """Return `heads`, by name, and `changes`: what would have become of the findings that were decided."""
    return {
        "heads": {name: _head(one) for name, one in held.items()},
        "changes": {"suppressed": _suppressed(pages, held), "raised": _raised(pages, held)},
    }


def _head(held: HeldBack) -> dict[str, Any]:
    pairs = list(zip(held.labels, held.probabilities, strict=True))
    accused = [label for label, probability in pairs if probability >= ACCUSED_FROM]
    brier = sum((probability - label) ** 2 for label, probability in pairs) / len(pairs)
    return {
        "pages": sum(held.labels),
        "precision": _share(sum(accused), len(accused)),
        "recall": _share(sum(accused), sum(held.labels)),
        "brier": round(brier, 4),
        "bins": [_bin(pairs, low, high) for low, high in pairwise(BINS)],
    }


def _bin(pairs: Sequence[tuple[bool, float]], low: float, high: float) -> dict[str, Any]:
    """Return how many pages it thought to be so probable, how probable on average, and how many of them were it."""
    within = [pair for pair in pairs if low <= pair[1] < high or (high == 1 and pair[1] == 1)]
    mean = sum(probability for _, probability in within)
    return {
        "from": low,
        "to": high,
        "pages": len(within),
        "said": _share(mean, len(within)),
        "were": _share(sum(label for label, _ in within), len(within)),
    }


def _suppressed(pages: Sequence[DecidedPage], held: Mapping[str, HeldBack]) -> dict[str, Any]:
    """Look at findings to be reviewed alone: it clears nothing of what rules are certain."""
    said = zip(pages, held[VIOLATION].probabilities, strict=True)
    gone = [page for page, probability in said if page.needs_review and probability <= SUPPRESS_UP_TO]
    wrongly = [page.domain for page in gone if page.cause]
    return {
        "to_review": sum(page.needs_review for page in pages),
        "dismissed": len(gone) - len(wrongly),
        "confirmed": len(wrongly),
        "confirmed_domains": sorted(set(wrongly))[:MAX_NAMED],
    }


def _raised(pages: Sequence[DecidedPage], held: Mapping[str, HeldBack]) -> dict[str, Any]:
    """Say what it would have shown to a person, had no rule said anything."""
    causes = [_cause_of(at, held) for at in range(len(pages))]
    return {
        "confirmed": sum(bool(cause) and cause == page.cause for page, cause in zip(pages, causes, strict=True)),
        "other_class": sum(
            bool(cause and page.cause) and cause != page.cause for page, cause in zip(pages, causes, strict=True)
        ),
        "dismissed": sum(bool(cause) and not page.cause for page, cause in zip(pages, causes, strict=True)),
    }


def _cause_of(at: int, held: Mapping[str, HeldBack]) -> str:
    if held[VIOLATION].probabilities[at] < RAISE_FROM:
        return ""
    found = [(one.probabilities[at], name) for name, one in held.items() if name != VIOLATION]
    probability, name = max(found, default=(0.0, ""))
    return name if probability >= CLASS_FROM else ""


def _share(part: float, whole: int) -> float | None:
    """None: there is nothing to take a share of."""
    return round(part / whole, 3) if whole else None
