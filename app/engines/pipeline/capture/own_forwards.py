"""Addresses of the site itself that send visitors to sites that violate: an open redirect, or one that was planted.

Known when the site that they lead to was analysed. The finding about that site says what it shows; the sign says that
the own address has to be mended.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, kind_of, sign_of, visitor_of
from app.domain.violations import ViolationFact, ViolationKey
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE
from app.engines.capture.capturer import CapturedPage
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.scope import Scope
from app.engines.urls import host_of

# Neither says what a visitor is shown there.
_NO_CONTENT: Final = frozenset({ViolationKey.HIDDEN_LINK, ViolationKey.TAKEOVER})
MAX_ADDRESS: Final = 80  # characters of a quote
MAX_TITLE: Final = 60
_SIGNS: Final = frozenset({TamperSign.FORWARDS, TamperSign.FORWARDS_UNSURE})


@dataclass(frozen=True, slots=True)
class Goal:
    """A page of somebody else that violates."""

    target: CaptureTarget
    title: str  # "": it has none
    quote: str  # of what violates in it
    is_sure: bool

    @classmethod
    def of(cls, target: CaptureTarget, title: str, facts: Sequence[ViolationFact]) -> Self | None:
        """Return None when none of the violations says what a visitor is shown. `facts`: the most certain first."""
        shown = [fact for fact in facts if fact.violation_key not in _NO_CONTENT]
        if target.own or not shown:
            return None
        quote = next((item.snippet for item in shown[0].evidence), "")
        return cls(target, title, quote, any(not fact.needs_review for fact in shown))


def forwards(goal: Goal, references: Sequence[Reference], is_own: Callable[[str], bool]) -> Iterator[Reference]:
    """Yield a sign for each reference by which an address of the site sends everybody to the goal's host.

    References of which a third party is the sender, or that only some visitors follow, are left out: of the latter the
    comparison of visits tells.
    """
    sign = TamperSign.FORWARDS if goal.is_sure else TamperSign.FORWARDS_UNSURE
    for reference in references:
        if reference.relation is not Relation.REDIRECT or host_of(reference.url) != goal.target.host:
            continue
        page = reference.via or reference.page_url
        if visitor_of(reference.kind) is not None or not is_own(host_of(page)):
            continue
        said = "; ".join(filter(None, (reference.url[:MAX_ADDRESS], goal.title[:MAX_TITLE], goal.quote)))
        yield Reference(
            page_url=page,
            url=page,
            raw=reference.raw,
            relation=Relation.MENTION,
            kind=kind_of(sign),
            dom_path=reference.dom_path,
            snippet=said[:MAX_QUOTE],
        )


class OwnForwards:
    """Remembers who violates, and finds the own addresses that lead there, each once in all attempts of a scan."""

    def __init__(self, *, third_parties: ThirdPartyIndex, scope: Scope) -> None:
        self._third_parties = third_parties
        self._scope = scope
        self._goals: dict[CaptureTarget, Goal] = {}

    def note(self, target: CaptureTarget, page: CapturedPage, facts: Sequence[ViolationFact]) -> None:
        """A captured page has these violations."""
        goal = Goal.of(target, page.capture.title, facts)
        if goal is not None:
            self._goals[target] = goal

    def find(self) -> list[Reference]:
        """Return the signs that are new, those of one page side by side; they are stored with the page's references."""
        known = {sign.page_url for sign in self._third_parties.signs if sign_of(sign.kind) in _SIGNS}
        found: dict[str, Reference] = {}
        for goal in sorted(self._goals.values(), key=lambda goal: not goal.is_sure):
            for sign in forwards(goal, self._third_parties.references_of(goal.target), self._scope.is_own):
                if sign.page_url not in known:
                    found.setdefault(sign.page_url, sign)
        return self._third_parties.keep_signs(found.values())
