"""How bad a violation is for the site: it follows from how the site refers to the third party.

Script or frame (the foreign code acts in the page) critical, redirect or embedded resource (the visitor gets it without
a choice) high, visible link medium, mere mention low. A hidden reference raises the level by one: somebody did not
want it to be seen.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from app.domain.violations import RiskLevel
from app.engines.model import Reference, Relation, ThirdParty

LEVELS: Final = tuple(RiskLevel)  # ascending
BY_RELATION: Final = MappingProxyType(
    {
        Relation.SCRIPT: RiskLevel.CRITICAL,
        Relation.REDIRECT: RiskLevel.HIGH,
        Relation.EMBED: RiskLevel.HIGH,
        Relation.LINK: RiskLevel.MEDIUM,
        Relation.MENTION: RiskLevel.LOW,
    }
)


def risk_of(relation: Relation, *, hidden: bool) -> RiskLevel:
    """Level of one reference."""
    index = LEVELS.index(BY_RELATION[relation]) + (1 if hidden else 0)
    return LEVELS[min(index, len(LEVELS) - 1)]


def overall_risk(third_party: ThirdParty, references: Iterable[Reference]) -> RiskLevel:
    """Highest level of the known references, at least that of the party's strongest relation.

    The sample may lack the hidden references: a party with any counts as hidden in its strongest relation.
    """
    levels = [risk_of(reference.relation, hidden=reference.hidden is not None) for reference in references]
    levels.append(risk_of(third_party.relation, hidden=third_party.hidden > 0))
    return max(levels, key=LEVELS.index)
