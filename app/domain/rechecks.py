"""Rechecks: a page of a third party that is accused for the first time is judged once more before anybody is told.

What a finding still waits for, or what came of it, stands among the reasons of its risk, so that people read it there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from app.domain.risk import FROM, Risk, RiskReason
from app.domain.violations import RiskLevel


class Recheck(StrEnum):
    """What is known of a finding beyond its first sight."""

    AWAITED = "awaited"  # its page is judged once more while the scan runs; when that has ended, it counts as it is
    UPHELD = "upheld"  # it was seen again, or its page could not be seen again
    NOT_CONFIRMED = "not_confirmed"  # its page answered and was no longer accused: a note for a review


class RecheckOutcome(StrEnum):
    """How a recheck has ended; stable keys of the metrics."""

    CONFIRMED = "confirmed"  # the finding was seen again
    NOT_CONFIRMED = "not_confirmed"
    FAILED = "failed"  # its page could not be seen again as before: it counts as it is
    DROPPED_LISTED = "dropped_listed"  # meanwhile a reputation list had the domain: no recheck was needed
    DROPPED_LIMIT = "dropped_limit"  # the scan had as many rechecks as it may have
    DROPPED_TIMEOUT = "dropped_timeout"  # the scan had no time left


CODE: Final = "recheck."  # of the reason; the state follows
NOTE_AT_MOST: Final = FROM[-1][0] - 1  # the highest score of a low risk


def with_recheck(risk: Risk, state: Recheck) -> Risk:
    """Return the risk with the state among its reasons; what was not confirmed is low, whatever it would be."""
    if state is Recheck.UPHELD:
        return risk
    if state is Recheck.AWAITED:
        return replace(risk, reasons=(*risk.reasons, RiskReason(f"{CODE}{state}", 0)))
    points = min(0, NOTE_AT_MOST - sum(reason.points for reason in risk.reasons))
    reasons = (*risk.reasons, RiskReason(f"{CODE}{state}", points))
    return Risk(RiskLevel.LOW, min(NOTE_AT_MOST, risk.score), reasons)


def recheck_of(codes: Iterable[str]) -> Recheck | None:
    """Return the state that the codes of a risk's reasons name; None: they name none."""
    return next((Recheck(code.removeprefix(CODE)) for code in codes if code.startswith(CODE)), None)


def stored_recheck_of(reasons: Iterable[Mapping[str, Any]]) -> Recheck | None:
    """Return the same of reasons as a row has them."""
    return recheck_of(reason["code"] for reason in reasons)


def is_unconfirmed(reasons: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether the finding with these stored reasons was seen once."""
    return stored_recheck_of(reasons) is Recheck.NOT_CONFIRMED
