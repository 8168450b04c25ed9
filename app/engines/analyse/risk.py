"""Risk of one reference when a violation is found: the violation is shown with the reference of the highest risk.

How much its finding weighs is assessed with all references of the scan, and stored (`findings.evidence.exposures`).
"""

from collections.abc import Callable

from app.domain.authorship import authorship_of
from app.domain.risk import Exposure, Place, Risk, assess, embedding_of
from app.domain.scan_facts import Reference
from app.domain.violations import ViolationKey
from app.engines.urls import host_of

IsOwn = Callable[[str], bool]


def risk_of(cause: ViolationKey, reference: Reference, is_own: IsOwn) -> Risk:
    """Return the risk of one reference to what shows `cause`. `is_own`: whether a host is the target's."""
    sender = host_of(reference.via)
    embedding = embedding_of(reference.relation, by_partner=bool(sender) and not is_own(sender))
    author = authorship_of(reference.page_url, reference.rel)
    return assess(cause, Exposure(embedding, Place.DEEP, reference.hidden, author))
