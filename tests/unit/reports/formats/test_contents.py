"""What a report is made of."""

from dataclasses import replace

import pytest

from app.domain.third_parties import Outcome
from app.inventory.comparer import FindingChanges
from app.reports.formats import contents as module


def test_findings_come_by_risk_and_then_those_that_were_dismissed(make_report):
    found = [(item["state"], item["risk"]["score"]) for item in make_report().findings]
    assert found == [("open", 100), ("open", 75), ("open", 45), ("dismissed", 50)]


def test_a_domain_has_the_level_of_its_worst_finding_that_was_not_dismissed(make_report):
    report = make_report()
    assert report.level_of["corp.test"] == "critical"
    assert set(report.level_of) == {"corp.test", "shop.test", "partner.test"}
    assert report.found_domains == {*report.level_of, "casino.test"}


def test_the_numbers_are_those_of_what_was_not_dismissed(make_report):
    report = make_report()
    assert report.open_counts == {"total": 3, "critical": 2, "high": 0, "medium": 1, "low": 0, "needs_review": 1}
    assert report.dismissed == 1


def test_third_parties_come_whole_and_by_name(make_report):
    report = make_report()
    assert [party.domain for party in report.third_parties()] == ["casino.test", "partner.test", "shop.test"]
    assert report.third_party_count == 3
    assert report.not_examined(Outcome.NOT_EXAMINED, limit=5) == (["shop.test"], 1)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_category_of_an_accused_third_party_is_what_its_finding_says(make_report, language):
    report = make_report(language)
    casino, partner, _shop = report.third_parties()
    gambling, unknown = report.texts("violation.gambling"), report.texts("category.unknown")
    assert (partner.category, report.category_of(partner)) == ("unknown", gambling)
    assert report.category_of(casino) == unknown  # its finding was dismissed
    in_cloud = report.texts.join_terms([gambling, report.texts("category.cloud")])
    assert report.category_of(replace(partner, category="cloud")) == in_cloud
    assert report.category_of(replace(partner, domain="nobody.test")) == unknown
    other = make_report(language)  # a hidden link alone says nothing of what it leads to
    other.findings = [{**item, "violation_key": "hidden_link"} for item in report.findings]
    assert other.category_of(partner) == unknown


def test_a_key_without_a_name_is_shown_as_it_is(make_report):
    report = make_report()
    assert report.named("category", "no-such-thing") == "no-such-thing"


def test_a_reader_with_a_link_is_told_of_no_scan_before(make_report, monkeypatch):
    before = FindingChanges(completed_at="2025-12-01T10:00:00Z", counts={})
    monkeypatch.setattr(module, "earlier_risks", lambda _connection, _row: {"fraud.corp.test": "low"})
    own, shared = make_report(differences=before), make_report(differences=before)
    shared.origin = replace(shared.origin, is_shared=True)
    assert (own.changes, own.earlier_risks) == (before, {"fraud.corp.test": "low"})
    assert (shared.changes, shared.earlier_risks) == (None, None)
