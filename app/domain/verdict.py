"""Verdict of a completed scan: violations, clean, or inconclusive. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from app.domain.coverage import LOST, NOT_JUDGED, Coverage, Seen
from app.domain.messages import MessageCatalog, Text
from app.domain.tasks import TaskStatus
from app.domain.third_parties import Outcome, PartyCoverage

ENOUGH: Final = 0.95  # of the URLs that could have been judged, and of the third parties
NO_PARTIES: Final = PartyCoverage()
# Codes of warnings of what a scan has not seen or not done: its results are incomplete, whatever its verdict.
LIMITING_WARNINGS: Final = frozenset({"degraded", "inconclusive", "partial"})
SIGN_IN_SHARE: Final = 4  # a forum has a few links on each page (answer, remember) that lead to its sign-in


class Result(StrEnum):
    """Result of a scan in one word."""

    VIOLATIONS = "violations"
    CLEAN = "clean"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """Why URLs or third parties were not checked. The first five make a scan inconclusive; stable keys on the wire."""

    UNRESOLVED = "unresolved"  # the scanned domain has no address
    START_PAGE = "start_page"  # the start page gave nothing that could be judged
    LOW_COVERAGE = "low_coverage"  # less than 95 % of the addresses could be judged
    BEHIND_SIGN_IN = "behind_sign_in"  # most of the site lies behind a sign-in
    LOW_PARTY_COVERAGE = "low_party_coverage"  # limits left out more than 5 % of the third parties
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    NO_ANSWER = "no_answer"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    WALL = "wall"
    HOST_GIVEN_UP = "host_given_up"
    SIGN_IN = "sign_in"
    ROBOTS = "robots"
    DEPTH = "depth"
    TRAP = "trap"
    BLOCKED_TARGET = "blocked_target"  # hosts that the deployment lets nobody scan
    LIMIT = "limit"
    PAGE_LIMIT = "page_limit"
    TIME_LIMIT = "time_limit"
    REQUEST_LIMIT = "request_limit"
    BYTE_LIMIT = "byte_limit"
    ADDRESS_LIMIT = "address_limit"
    PARTIES_NOT_EXAMINED = "parties_not_examined"  # limits left out third parties
    PARTIES_UNREACHABLE = "parties_unreachable"  # of third parties that people are led to nothing came


DECISIVE: Final = frozenset(
    {Reason.UNRESOLVED, Reason.START_PAGE, Reason.LOW_COVERAGE, Reason.BEHIND_SIGN_IN, Reason.LOW_PARTY_COVERAGE}
)
# Of third parties: said in the first line of a result, with their number.
PARTIES: Final = (Reason.PARTIES_NOT_EXAMINED, Reason.PARTIES_UNREACHABLE)
# What ended a crawl early by the scan's own settings: said in the first line of a result.
CUTS: Final = (
    Reason.PAGE_LIMIT,
    Reason.DEPTH,
    Reason.TIME_LIMIT,
    Reason.REQUEST_LIMIT,
    Reason.BYTE_LIMIT,
    Reason.ADDRESS_LIMIT,
)


def reason_name(reason: Reason, language: str, count: int | None = None) -> Text:
    """Return the reason for people, for use in a sentence. `count`: of third parties; None: not known."""
    texts = MessageCatalog(language)
    return texts(f"reason.{reason}") if count is None else texts(f"reason_count.{reason}", count=count)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` stand beside every result: clean with `depth` is clean as far as it went."""

    result: Result
    reasons: tuple[Reason, ...] = ()
    counts: Mapping[Reason, int] = field(default_factory=dict)  # third parties, of the reasons in `PARTIES`

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what a task's row, an event or REST has."""
        counts = {Reason(reason): count for reason, count in (values.get("counts") or {}).items()}
        return cls(Result(values["result"]), tuple(map(Reason, values["reasons"])), counts)

    def names(self, language: str) -> list[Text]:
        """Return all reasons for people."""
        return [reason_name(reason, language, self.counts.get(reason)) for reason in self.reasons]


def is_conclusive(status: str, verdict: Mapping[str, Any] | None) -> bool:
    """Return whether a run is conclusive: it completed and checked enough. `verdict` as in the task's row;
    scans from before there were verdicts have none, and count.
    """
    inconclusive = verdict is not None and verdict["result"] == Result.INCONCLUSIVE
    return status == TaskStatus.COMPLETED and not inconclusive


def saw_enough(verdict: Mapping[str, Any] | None) -> bool:
    """Return whether a scan checked enough for a conclusion, whatever it found. None: it has no verdict."""
    if verdict is None or verdict["result"] == Result.INCONCLUSIVE:
        return False
    return DECISIVE.isdisjoint(verdict["reasons"])


def main_reasons(verdict: Verdict, language: str) -> Text:
    """Name what a reader must know before the numbers: what decided against the site, and which limit cut the scan."""
    decisive = DECISIVE if verdict.result is Result.INCONCLUSIVE else frozenset()
    told = (reason for reason in verdict.reasons if reason in decisive or reason in (*CUTS, *PARTIES))
    names = (reason_name(reason, language, verdict.counts.get(reason)) for reason in told)
    return MessageCatalog(language).join_clauses(names)


def completion_message(verdict: Verdict, texts: MessageCatalog) -> Text:
    """Return what `task_completed` says to people."""
    reasons = main_reasons(verdict, texts.language)
    if not reasons:
        return texts("task_completed")
    if verdict.result is Result.INCONCLUSIVE:
        return texts("task_inconclusive", reasons=reasons)
    is_cut = any(reason in CUTS or reason is Reason.PARTIES_NOT_EXAMINED for reason in verdict.reasons)
    return texts("task_cut" if is_cut else "task_noted", reasons=reasons)


def reach_verdict(coverage: Coverage, violations: int, parties: PartyCoverage = NO_PARTIES) -> Verdict:
    """Return the verdict of a completed scan."""
    left_out, omitted = parties.outcomes.get(Outcome.NOT_EXAMINED, 0), parties.omitted
    found = {Reason.PARTIES_NOT_EXAMINED: left_out + omitted, Reason.PARTIES_UNREACHABLE: parties.unseen}
    is_low = left_out + omitted > (1 - ENOUGH) * (parties.total + omitted)
    reasons = (*_reasons(coverage, parties_are_low=is_low), *(reason for reason, count in found.items() if count))
    # How many domains the omitted references led to is not known.
    counts = {reason: count for reason, count in found.items() if count and not (reason is PARTIES[0] and omitted)}
    if violations:
        return Verdict(Result.VIOLATIONS, reasons, counts)
    return Verdict(Result.INCONCLUSIVE if DECISIVE & set(reasons) else Result.CLEAN, reasons, counts)


def share_of(counts: Mapping[Seen, int]) -> float | None:
    """Judged addresses among those that could have been judged; None when there were none."""
    judged = counts.get(Seen.JUDGED, 0)
    whole = judged + sum(counts.get(seen, 0) for seen in LOST)
    return judged / whole if whole else None


def _reasons(coverage: Coverage, *, parties_are_low: bool) -> Iterator[Reason]:
    total = coverage.total
    share = share_of(total)
    if not coverage.resolved:
        yield Reason.UNRESOLVED
    elif not coverage.start_page:
        yield Reason.START_PAGE
    if share is not None and share < ENOUGH:
        yield Reason.LOW_COVERAGE
    if total.get(Seen.SIGN_IN, 0) > SIGN_IN_SHARE * total.get(Seen.JUDGED, 0):
        yield Reason.BEHIND_SIGN_IN
    if parties_are_low:
        yield Reason.LOW_PARTY_COVERAGE
    if coverage.cut is not None:
        yield Reason(coverage.cut.value)
    for seen in NOT_JUDGED:
        if total.get(seen) and not (seen is Seen.LIMIT and coverage.cut is not None):
            yield Reason(seen.value)
