"""Findings: what a reader has to act on. One per domain and cause, however many violations speak of it.

A hidden link to a casino and the casino's text are two violations and one finding: somebody put the casino there, and
both go with one repair. A hidden link whose target shows nothing is a finding by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, Self, TypeVar

from app.domain.decisions import DecisionState
from app.domain.differences import NO_CONTENT
from app.domain.matched_rules import MatchedRules
from app.domain.risk import Exposure, Risk
from app.domain.violations import WORST_FIRST, RiskLevel, ViolationKey

NOBODY: Final = "none"  # as an assignee
MAX_COMMENT: Final = 500  # characters
MAX_COMMENTS: Final = 200  # of one finding: lists and reports show all of them
COUNTED: Final = ("total", *WORST_FIRST, "needs_review")  # what findings of a run, or of a site, are counted by


class ViolationSummary(Protocol):
    """What has to be known of a violation to place it."""

    @property
    def domain(self) -> str: ...
    @property
    def violation_key(self) -> str: ...
    @property
    def confidence_score(self) -> float: ...


V = TypeVar("V", bound=ViolationSummary)


@dataclass(frozen=True, slots=True)
class FindingId:
    """`gambling.casino.example`: the same in every attempt and every scan, and it can be read."""

    cause: ViolationKey
    domain: str

    def __str__(self) -> str:
        return f"{self.cause.value}.{self.domain}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return None for what is no id of a finding."""
        cause, dot, domain = text.partition(".")
        if not dot or not domain or cause not in list(ViolationKey):
            return None
        return cls(ViolationKey(cause), domain)


@dataclass(frozen=True, slots=True)
class FoundViolation:
    """A violation, as far as its finding needs it."""

    id: str
    domain: str
    violation_key: str
    confidence_score: float
    needs_review: bool
    url: str
    found_on: str


@dataclass(frozen=True, slots=True)
class AssessedFinding:
    """A finding with its risk, as it is stored and shown."""

    id: FindingId
    kinds: tuple[str, ...]  # of its violations, the one that names the cause first
    violation_id: str  # of the violation that names the cause
    risk: Risk
    exposure: Exposure  # of the reference that weighs most
    page_url: str  # page of the site that has this reference, or shows the content itself; "" when there is none
    url: str  # where the content was seen
    confidence_score: float
    needs_review: bool
    # Of its violations, on all pages that the run has accused of them; None: not read, or an older version wrote it.
    matched_rules: MatchedRules | None = None
    # Hosts where its content was seen, on all pages that the run has accused of it; None: it is about the domain as a
    # whole, or an older version wrote it.
    content_hosts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings of a run a list has. None does not filter; `q` is a part of the domain, or of the page's URL;
    `q_causes` are the causes whose names it is a part of, in the reader's language.
    """

    risk_level: RiskLevel | None = None
    violation_key: ViolationKey | None = None
    needs_review: bool | None = None
    decision: DecisionState | None = None
    hidden: bool | None = None
    assignee: str | None = None  # a user's id, or NOBODY
    q: str = ""
    q_causes: tuple[ViolationKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding(Generic[V]):
    """The violations of one domain that have one cause, the content first."""

    id: FindingId
    violations: tuple[V, ...]  # never empty
    content_hosts: frozenset[str] | None = None  # as of `AssessedFinding`


def group(violations: Iterable[V]) -> list[Finding[V]]:
    """Fold violations into findings, in the order in which the first violation of each comes."""
    by_domain: dict[str, list[V]] = {}
    for violation in violations:
        by_domain.setdefault(violation.domain, []).append(violation)
    return [finding for domain, found in by_domain.items() for finding in _of_domain(domain, found)]


def with_risk(
    finding: Finding[FoundViolation], risk: Risk, exposure: Exposure, page_url: str | None = None
) -> AssessedFinding:
    """Return the finding with its risk; its other fields are those of the violation that names its cause.

    `page_url`: of the reference that weighs most; None: there is none, and the page is that of this violation.
    """
    first = finding.violations[0]
    return AssessedFinding(
        id=finding.id,
        kinds=tuple(violation.violation_key for violation in finding.violations),
        violation_id=first.id,
        risk=risk,
        exposure=exposure,
        page_url=(first.found_on or first.url) if page_url is None else page_url,
        url=first.url,
        confidence_score=first.confidence_score,
        needs_review=first.needs_review,
        content_hosts=finding.content_hosts,
    )


def content_cause_of(worst_first: Iterable[tuple[str, str]]) -> str | None:
    """Return what the content of a domain is accused of, by the first of its findings (cause, state) that is about
    content and that nobody has dismissed; None without one.
    """
    causes = (cause for cause, state in worst_first if state != DecisionState.DISMISSED)
    return next((cause for cause in causes if cause not in NO_CONTENT), None)


def _of_domain(domain: str, violations: Sequence[V]) -> list[Finding[V]]:
    """Put the hidden link beside the content that is most certain, as the analysis does when it judges the link."""
    hidden = [violation for violation in violations if violation.violation_key == ViolationKey.HIDDEN_LINK]
    content = [violation for violation in violations if violation.violation_key != ViolationKey.HIDDEN_LINK]
    if not content:
        return [_finding(domain, hidden)]
    surest = max(content, key=lambda violation: violation.confidence_score)
    return [_finding(domain, [item, *(hidden if item is surest else [])]) for item in content]


def _finding(domain: str, violations: Sequence[V]) -> Finding[V]:
    return Finding(FindingId(ViolationKey(violations[0].violation_key), domain), tuple(violations))
