"""How bad a violation is, by what is known when it is found: the table of `domain.risk` without the place.

How deep in the site a reference stands, and on how many pages, is known at the end of the crawl only, so the level of a
violation is the least that its finding can have: what is learned later adds points.
"""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final

from app.domain.authorship import authorship_of
from app.domain.risk import Embedding, Exposure, Place, Risk, assess
from app.domain.violations import RiskLevel, ViolationKey
from app.engines.model import Reference, Relation, ThirdParty
from app.engines.urls import host_of

_EMBEDDINGS: Final = MappingProxyType(
    {
        Relation.SCRIPT: Embedding.CODE,
        Relation.EMBED: Embedding.RESOURCE,
        Relation.REDIRECT: Embedding.PARTNER_REDIRECT,  # the least that it can be
        Relation.LINK: Embedding.LINK,
        Relation.MENTION: Embedding.MENTION,
    }
)
_REDIRECT: Final = "redirect:"  # `Reference.kind` of one that the crawl or a capture met; the snippet is who forwards

IsOwn = Callable[[str], bool]


def risk_of(cause: ViolationKey, reference: Reference, is_own: IsOwn) -> Risk:
    """Return the risk of one reference to what shows `cause`. `is_own`: whether a host is the target's."""
    author = authorship_of(reference.page_url, reference.rel)
    return assess(cause, Exposure(_embedding(reference, is_own), Place.DEEP, reference.hidden, author))


def overall_risk(
    cause: ViolationKey, third_party: ThirdParty, references: Iterable[Reference], is_own: IsOwn
) -> RiskLevel:
    """Return the highest level of the known references; without any, that of the party's strongest relation.

    `third_party` may be the site itself, in the shape of one.
    """
    risks = [risk_of(cause, reference, is_own) for reference in references]
    if not risks:
        hidden = "unknown" if third_party.hidden else None
        embedding = Embedding.OWN_CONTENT if is_own(third_party.domain) else _EMBEDDINGS[third_party.relation]
        risks = [assess(cause, Exposure(embedding, Place.DEEP, hidden))]
    return max(risks, key=lambda risk: risk.score).level


def _embedding(reference: Reference, is_own: IsOwn) -> Embedding:
    if reference.relation is not Relation.REDIRECT:
        return _EMBEDDINGS[reference.relation]
    forwards = host_of(reference.snippet) if reference.kind.startswith(_REDIRECT) else ""
    return Embedding.PARTNER_REDIRECT if forwards and not is_own(forwards) else Embedding.OWN_REDIRECT
