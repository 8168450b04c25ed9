"""One finding per domain and cause."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.findings import FindingId, FoundViolation, group, with_risk
from app.domain.risk import UNKNOWN, stated
from app.domain.violations import RiskLevel, ViolationKey


@dataclass(frozen=True)
class Violation:
    domain: str
    violation_key: str
    confidence_score: float = 0.9


def ids(violations):
    return [str(finding.id) for finding in group(violations)]


def test_a_hidden_link_and_what_it_leads_to_are_one_finding_with_the_content_first():
    hidden, content = Violation("casino.test", "hidden_link", 0.99), Violation("casino.test", "gambling", 0.97)
    (finding,) = group([hidden, content])
    assert str(finding.id) == "gambling.casino.test"
    assert finding.violations == (content, hidden)


def test_a_hidden_link_without_violating_content_is_a_finding_of_its_own():
    assert ids([Violation("casino.test", "hidden_link")]) == ["hidden_link.casino.test"]


def test_two_causes_of_one_domain_are_two_findings_and_the_hidden_link_stands_beside_the_surer():
    found = [
        Violation("bad.test", "adult", 0.6),
        Violation("bad.test", "gambling", 0.95),
        Violation("bad.test", "hidden_link"),
    ]
    by_id = {str(finding.id): len(finding.violations) for finding in group(found)}
    assert by_id == {"adult.bad.test": 1, "gambling.bad.test": 2}


def test_domains_stay_apart_and_in_the_order_of_their_first_violation():
    found = [Violation("b.test", "adult"), Violation("a.test", "adult"), Violation("b.test", "hidden_link")]
    assert ids(found) == ["adult.b.test", "adult.a.test"]


@pytest.mark.parametrize("text", ["", "gambling", "gambling.", ".casino.test", "nothing.casino.test", "GAMBLING.a"])
def test_what_is_no_id_is_told(text):
    assert FindingId.parse(text) is None


@given(
    st.lists(
        st.builds(
            Violation,
            st.sampled_from(["a.test", "b.test", "1.2.3.4", "::1"]),
            st.sampled_from(list(ViolationKey)),
            st.floats(0.5, 0.99),
        ),
        unique_by=lambda violation: (violation.domain, violation.violation_key),
    )
)
def test_every_violation_is_in_exactly_one_finding_whose_id_can_be_read(violations):
    findings = group(violations)
    assert sorted(v.domain + v.violation_key for finding in findings for v in finding.violations) == sorted(
        v.domain + v.violation_key for v in violations
    )
    for finding in findings:
        assert FindingId.parse(str(finding.id)) == finding.id


@pytest.mark.parametrize(
    ("page_url", "found_on", "shown"),
    [
        ("https://corp.test/links", "https://corp.test/", "https://corp.test/links"),
        (None, "https://corp.test/", "https://corp.test/"),
        (None, "", "https://casino.test/"),
    ],
)
def test_a_finding_says_what_the_violation_that_names_its_cause_says(page_url, found_on, shown):
    content = FoundViolation("1", "casino.test", "gambling", 0.97, False, "https://casino.test/", found_on)
    hidden = FoundViolation(
        "2", "casino.test", "hidden_link", 0.99, True, "https://casino.test/x", "https://corp.test/x"
    )
    (finding,) = group([hidden, content])
    found = with_risk(finding, stated(RiskLevel.HIGH), UNKNOWN, page_url)
    assert (found.id, found.kinds, found.violation_id) == (finding.id, ("gambling", "hidden_link"), "1")
    assert (found.page_url, found.url) == (shown, "https://casino.test/")
    assert (found.confidence_score, found.needs_review) == (0.97, False)
