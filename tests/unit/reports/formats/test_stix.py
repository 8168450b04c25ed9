"""The report as a bundle of STIX 2.1, read back by the library of OASIS."""

import pytest
import stix2

from app.reports.formats.stix import IDENTITY, stix_pieces


def read(report):
    """The library refuses unknown fields, wrong types, patterns that do not parse and times that do not fit."""
    text = b"".join(stix_pieces(report)).decode()
    return stix2.parse(text, allow_custom=False, version="2.1").objects


def of_type(objects, kind):
    return [item for item in objects if item["type"] == kind]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_violating_third_party_is_an_indicator_that_rests_on_what_was_observed(make_report, language):
    report = make_report(language)
    objects = read(report)
    by_pattern = {item["pattern"]: item for item in of_type(objects, "indicator")}
    assert set(by_pattern) == {"[domain-name:value = 'shop.test']", "[domain-name:value = 'partner.test']"}
    shop = by_pattern["[domain-name:value = 'shop.test']"]
    assert shop["labels"] == ["adult", "needs-review"]
    assert shop["lang"] == language
    assert str(shop["valid_from"].tzinfo) == "UTC"
    links = {(item["source_ref"], item["relationship_type"]): item for item in of_type(objects, "relationship")}
    observed = {item["id"]: item for item in of_type(objects, "observed-data")}
    values = {item["id"]: item["value"] for item in objects if "value" in item}
    basis = observed[links[shop["id"], "based-on"]["target_ref"]]
    assert {values[ref] for ref in basis["object_refs"]} == {"shop.test", "http://shop.test/"}


def test_what_the_site_itself_shows_is_a_note_and_never_an_indicator(make_report):
    objects = read(make_report())
    (note,) = of_type(objects, "note")
    places = {item["id"]: item["value"] for item in of_type(objects, "url")}
    assert places[note["object_refs"][0]].startswith("https://www.corp.test/")
    assert not [item for item in of_type(objects, "indicator") if "corp.test" in item["pattern"]]


def test_what_was_dismissed_is_left_out_and_counted(make_report):
    report = make_report()
    objects = read(report)
    assert not [item for item in of_type(objects, "indicator") if "casino.test" in item["pattern"]]
    (summary,) = of_type(objects, "report")
    assert report.texts("stix.dismissed", count=1) in summary["description"]


def test_the_report_names_every_object_and_says_what_limits_it(make_report):
    report = make_report(verdict={"result": "inconclusive", "reasons": ["low_coverage"]})
    objects = read(report)
    (summary,) = of_type(objects, "report")
    assert summary["object_refs"] == [item["id"] for item in objects if item is not summary]
    assert summary["description"].startswith(report.texts("report.conclusion_inconclusive", target="corp.test"))


def test_two_exports_of_one_scan_are_equal_and_a_decision_makes_a_newer_version(make_report):
    one, other = (b"".join(stix_pieces(make_report())) for _ in range(2))
    assert one == other
    report = make_report()
    first = report.findings[0]
    report.findings = [{**first, "decision": {"decided_at": "2027-01-01T00:00:00.000Z"}}, *report.findings[1:]]
    versions = {item["modified"].year for item in read(report) if item["type"] in ("indicator", "report", "note")}
    assert versions == {2027}


def test_ids_of_observables_are_those_that_the_library_makes(make_report):
    kinds = {"domain-name": stix2.v21.DomainName, "url": stix2.v21.URL}
    observables = [item for item in read(make_report()) if item["type"] in kinds]
    assert observables
    for item in observables:
        assert kinds[item["type"]](value=item["value"])["id"] == item["id"]


def test_an_object_stands_in_the_bundle_once_and_ours_is_the_creator(make_report):
    objects = read(make_report())
    ids = [item["id"] for item in objects]
    assert len(ids) == len(set(ids))
    assert {item["created_by_ref"] for item in objects if "created_by_ref" in item} == {IDENTITY["id"]}


@pytest.mark.parametrize(
    ("domain", "pattern"),
    [
        ("192.0.2.7", "[ipv4-addr:value = '192.0.2.7']"),
        ("2001:db8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("a'] OR [x:y = '\\", "[domain-name:value = 'a\\'] OR [x:y = \\'\\\\']"),
    ],
)
def test_a_pattern_is_of_the_kind_of_its_value_and_nothing_leaves_its_quotes(make_report, domain, pattern):
    report = make_report()
    (found,) = (item for item in report.findings if item["finding_id"] == "gambling.partner.test")
    detail = {**report.finding("gambling.partner.test"), "domain": domain}
    report.findings = [{**found, "domain": domain}]
    report.finding = lambda _id: detail
    assert [item["pattern"] for item in of_type(read(report), "indicator")] == [pattern]


def test_hostile_texts_come_out_harmless(make_report):
    report = make_report()
    (found,) = (item for item in report.findings if item["finding_id"] == "gambling.partner.test")
    detail = {**report.finding("gambling.partner.test"), "page_url": 'https://a.test/\u202e"\x1b[31m' + "a" * 5_000}
    report.findings = [found]
    report.finding = lambda _id: detail
    text = b"".join(stix_pieces(report)).decode()
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert [item for item in of_type(read(report), "url") if item["value"].startswith("https://a.test/%E2%80%AE%22")]
