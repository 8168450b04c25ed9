"""Which hosts of a domain a finding accuses: those that were seen to show its content.

Domains with several hosts may have several tenants. What leads to a host that was judged and is not accused is no
evidence against the others (`evidence.exposures.cleared_hosts`).
"""

from typing import Final

from app.domain.violations import Evidence, Layer, ViolationFact, ViolationKey
from app.scanstore.rows import host_in

_BLOCKED: Final = "block:"  # before the entry of a list in a rule: a domain, a host or a URL
# Rules on the registration of the domain, which all of its hosts share.
_OF_DOMAIN: Final = ("takeover.unregistered", "takeover.expiring", "takeover.reregistered")


def content_hosts_of(fact: ViolationFact) -> frozenset[str] | None:
    """Return the hosts where the content of a violation was seen, perhaps of another domain that the third party
    forwards to; None: it is about the domain as a whole, or nothing says where it was seen.
    """
    if fact.violation_key is ViolationKey.HIDDEN_LINK or any(_is_of_domain(item, fact) for item in fact.evidence):
        return None
    seen = {host_in(fact.url), *(_listed_host(item) for item in fact.evidence)} - {""}
    return frozenset(seen) or None


def _is_of_domain(item: Evidence, fact: ViolationFact) -> bool:
    return item.rule.startswith(_OF_DOMAIN) or item.rule == f"{_BLOCKED}{fact.domain}"


def _listed_host(item: Evidence) -> str:
    if item.layer is not Layer.REPUTATION or not item.rule.startswith(_BLOCKED):
        return ""
    name = item.rule.removeprefix(_BLOCKED)
    return host_in(name) if "//" in name else name
