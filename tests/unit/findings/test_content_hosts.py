"""Which hosts of a domain a finding accuses."""

from dataclasses import asdict

import pytest

from app.domain.scan_facts import Capture, FetchError
from app.domain.violations import Evidence, Layer, ViolationKey
from app.findings.content_hosts import cleared_hosts, content_hosts_of
from tests.support.violations import new_violation

A, B = "a.partner.test", "b.partner.test"


def fact(*rules, key=ViolationKey.GAMBLING, url=f"https://{A}/"):
    evidence = tuple(Evidence(Layer.REPUTATION if ":" in rule else Layer.TEXT, rule, 0.9) for rule in rules)
    return new_violation("partner.test", violation_key=key, url=url, evidence=evidence).fact


def capture(host, final_url="", **fields):
    return asdict(Capture("partner.test", host, f"https://{host}/", final_url or f"https://{host}/", **fields))


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


@pytest.mark.parametrize(
    ("captured", "cleared"),
    [
        (capture(B), {B}),
        (capture(B, f"https://{A}/home"), set()),
        (capture(B, error=FetchError.TIMEOUT), set()),
        (capture(B, page_class="empty"), set()),
        (capture(B, dead=True), set()),
    ],
)
def test_a_host_is_cleared_by_a_page_of_its_own_that_was_judged(captured, cleared):
    assert cleared_hosts([capture(A), captured], frozenset({A})) == cleared


def test_a_host_that_forwards_to_the_content_is_accused_as_well():
    captures = [capture(A, "https://casino.test/"), capture(B)]
    assert cleared_hosts(captures, frozenset({"casino.test"})) == {B}


def test_a_finding_about_a_domain_as_a_whole_clears_no_host():
    assert cleared_hosts([capture(A), capture(B)], None) == frozenset()
