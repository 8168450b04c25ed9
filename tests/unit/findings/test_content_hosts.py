"""Which hosts of a domain a finding accuses."""

import pytest

from app.domain.violations import Evidence, Layer, ViolationKey
from app.findings.content_hosts import content_hosts_of
from tests.support.violations import new_violation

A, B = "a.partner.test", "b.partner.test"


def fact(*rules, key=ViolationKey.GAMBLING, url=f"https://{A}/"):
    evidence = tuple(Evidence(Layer.REPUTATION if ":" in rule else Layer.TEXT, rule, 0.9) for rule in rules)
    return new_violation("partner.test", violation_key=key, url=url, evidence=evidence).fact


@pytest.mark.parametrize(
    ("found", "hosts"),
    [
        (fact("lexicon.gambling"), {A}),
        (fact("lexicon.gambling", url="https://casino.test/"), {"casino.test"}),
        (fact("block:b.partner.test"), {A, B}),
        (fact("block:https://b.partner.test/bet"), {A, B}),
        (fact("lexicon.gambling", "block:partner.test"), None),
        (fact("takeover.unregistered", key=ViolationKey.TAKEOVER), None),
        (fact("hidden_link.anchor", key=ViolationKey.HIDDEN_LINK), None),
        (fact("lexicon.gambling", url=""), None),
    ],
)
def test_a_violation_accuses_the_hosts_where_it_was_seen_or_the_domain_as_a_whole(found, hosts):
    assert content_hosts_of(found) == hosts
