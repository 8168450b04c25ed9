"""What a report is made of."""

from app.domain.third_parties import Outcome


def test_a_domain_has_the_level_of_its_worst_finding(make_report):
    report = make_report()
    assert [item["risk"]["score"] for item in report.findings] == sorted(
        (item["risk"]["score"] for item in report.findings), reverse=True
    )
    assert report.level_of["corp.test"] == "critical"
    assert set(report.level_of) == {"corp.test", "shop.test", "casino.test", "partner.test"}


def test_third_parties_come_whole_and_by_name(make_report):
    report = make_report()
    assert [party.domain for party in report.third_parties()] == ["casino.test", "partner.test", "shop.test"]
    assert report.third_party_count == 3
    assert report.not_examined(Outcome.NOT_EXAMINED, limit=5) == (["shop.test"], 1)


def test_a_key_without_a_name_is_shown_as_it_is(make_report):
    report = make_report()
    assert report.named("category", "no-such-thing") == "no-such-thing"
