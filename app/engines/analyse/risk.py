"""Risk of one reference when a violation is found: the violation is shown with the reference of the highest risk.

How much its finding weighs is assessed with all references of the scan, and stored (`findings.evidence.exposures`).
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from app.domain.authorship import authorship_of
from app.domain.risk import Embedding, Exposure, Place, Risk, assess
from app.domain.scan_facts import Reference, Relation
from app.domain.violations import ViolationKey
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

IsOwn = Callable[[str], bool]


def risk_of(cause: ViolationKey, reference: Reference, is_own: IsOwn) -> Risk:
    """Return the risk of one reference to what shows `cause`. `is_own`: whether a host is the target's."""
    author = authorship_of(reference.page_url, reference.rel)
    return assess(cause, Exposure(_embedding(reference, is_own), Place.DEEP, reference.hidden, author))


def _embedding(reference: Reference, is_own: IsOwn) -> Embedding:
    if reference.relation is not Relation.REDIRECT:
        return _EMBEDDINGS[reference.relation]
    forwards = host_of(reference.via)
    return Embedding.PARTNER_REDIRECT if forwards and not is_own(forwards) else Embedding.OWN_REDIRECT
