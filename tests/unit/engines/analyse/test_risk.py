from dataclasses import replace

import pytest

from app.domain.scan_facts import Relation
from app.domain.violations import RiskLevel, ViolationKey
from app.engines.analyse.risk import risk_of

ORDER = (Relation.MENTION, Relation.LINK, Relation.EMBED, Relation.SCRIPT)


def is_own(host):
    return host.endswith("corp.example")


def score(reference, cause=ViolationKey.GAMBLING):
    return risk_of(cause, reference, is_own).score


def test_script_stands_above_resource_above_link_above_mention(make_reference):
    scores = [score(make_reference(relation=relation)) for relation in ORDER]
    assert scores == sorted(set(scores))


@pytest.mark.parametrize("relation", Relation)
def test_hiding_raises_the_risk(relation, make_reference):
    assert score(make_reference(relation=relation, hidden="clip")) > score(make_reference(relation=relation))


def test_an_address_of_the_site_that_forwards_is_worse_than_a_partner_that_does(make_reference):
    own = replace(make_reference(relation=Relation.REDIRECT), kind="redirect:http", via="https://www.corp.example/go")
    assert score(own) > score(replace(own, via="https://partner.example/go"))


def test_malware_and_forwarding_to_fraud_are_never_medium(make_reference):
    forwards = replace(make_reference(relation=Relation.REDIRECT), kind="redirect:http", via="https://corp.example/")
    assert risk_of(ViolationKey.MALWARE, make_reference(), is_own).level is RiskLevel.HIGH
    assert risk_of(ViolationKey.FRAUD, forwards, is_own).level is RiskLevel.CRITICAL
