"""Which findings make `compliance scan` exit with 1."""

import json

import pytest

from app.cli.misused import Misused
from app.cli.scan_gate import Baseline, Gate, choose_gate, read_baseline
from app.domain.messages import MessageCatalog
from app.domain.violations import RiskLevel

LOW, MEDIUM, HIGH, CRITICAL = RiskLevel


def violation(finding_id, risk, decision=None):
    return {"finding_id": finding_id, "risk_level": risk.value, "decision": decision}


def scan(*violations, target="corp.test"):
    return {"task": {"target_domain": target}, "violations": list(violations)}


def order(*findings, targets=("corp.test", "shop.test"), **more):
    items = [
        {"target_domain": target, "finding_id": name, "risk_level": risk.value, "decision": state}
        for target, name, risk, state in findings
    ]
    return {
        "properties": [{"target_domain": name} for name in targets],
        "domains": [{"findings": [item]} for item in items],
        **more,
    }


def dismissed(*, holds=True):
    return {"state": "dismissed", "holds": holds}


def written(folder, report):
    path = folder / "report.json"
    path.write_text(json.dumps(report))
    return path


@pytest.mark.parametrize(("fail_on", "counted", "below"), [(LOW, 3, 0), (MEDIUM, 2, 1), (HIGH, 1, 2), (CRITICAL, 0, 3)])
def test_what_is_below_the_risk_does_not_count(fail_on, counted, below):
    report = scan(violation("a", LOW), violation("b", MEDIUM), violation("c", HIGH))
    judged = Gate(fail_on=fail_on).judge(report)
    assert (judged.counted, judged.below, judged.new) == (counted, below, None)


def test_a_finding_of_several_violations_counts_once():
    assert Gate().judge(scan(violation("a", LOW), violation("a", LOW))).counted == 1


def test_what_was_dismissed_counts_again_when_the_decision_does_not_hold():
    report = scan(violation("a", HIGH, dismissed()), violation("b", HIGH, dismissed(holds=False)))
    judged = Gate().judge(report)
    assert (judged.counted, judged.dismissed) == (1, 1)


def test_what_the_baseline_has_does_not_count_unless_its_risk_has_risen(tmp_path):
    before = scan(
        violation("same", HIGH), violation("risen", MEDIUM), violation("fallen", HIGH), violation("gone", LOW)
    )
    baseline = read_baseline(written(tmp_path, before), ["corp.test"])
    now = scan(violation("same", HIGH), violation("risen", HIGH), violation("fallen", LOW), violation("new", LOW))
    judged = Gate(baseline=baseline).judge(now)
    assert (judged.counted, judged.known) == (2, 2)
    assert judged.extend(now)["new_findings"] == [
        {"target_domain": "corp.test", "finding_id": "risen", "risk_level": "high"},
        {"target_domain": "corp.test", "finding_id": "new", "risk_level": "low"},
    ]


def test_a_report_of_several_domains_is_compared_domain_by_domain(tmp_path):
    path = written(tmp_path, order(("corp.test", "a", HIGH, "open"), ("shop.test", "b", HIGH, "open")))
    baseline = read_baseline(path, ["CORP.test", "shop.test"])
    now = order(
        ("corp.test", "a", HIGH, "open"), ("corp.test", "b", HIGH, "open"), ("shop.test", "c", LOW, "dismissed")
    )
    judged = Gate(baseline=baseline).judge(now)
    assert (judged.counted, judged.known, judged.dismissed) == (1, 1, 1)
    assert Gate().judge({**now, "omitted_findings": 7}).counted == 9


def test_without_a_baseline_the_report_stays_as_it_is():
    report = scan(violation("a", LOW))
    assert Gate().judge(report).extend(report) is report


def test_what_was_left_out_is_said():
    report = scan(violation("a", LOW), violation("b", MEDIUM), violation("c", HIGH, dismissed()))
    baseline = Baseline(frozenset({"corp.test"}), {("corp.test", "a"): LOW})
    texts = MessageCatalog("en")
    lines = list(Gate(fail_on=HIGH, baseline=baseline).judge(report).lines(texts, HIGH))
    assert lines == [
        texts("gate.known", count=1),
        texts("gate.below", count=1, level=texts("high")),
        texts("gate.dismissed", count=1),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"7",
        b'"task"',
        b"{}",
        b'{"task": null, "violations": []}',
        b'{"task": {"target_domain": "corp.test"}}',
        b'{"task": {"target_domain": "corp.test"}, "violations": {"a": 1}}',
        b'{"task": {"target_domain": "corp.test"}, "violations": [{"finding_id": "a", "risk_level": "huge"}]}',
        b'{"version": "2.1.0", "runs": []}',
        b'{"properties": [], "domains": [{}]}',
    ],
)
def test_a_file_that_is_no_report_is_refused_before_the_scan(tmp_path, content):
    path = tmp_path / "baseline.json"
    path.write_bytes(content)
    with pytest.raises(Misused) as refused:
        choose_gate(None, path, ["corp.test"])
    assert refused.value.key == "baseline_file"


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(Misused):
        read_baseline(tmp_path, ["corp.test"])


def test_a_report_of_other_domains_is_refused_and_they_are_named(tmp_path):
    path = written(tmp_path, scan(target="other.test"))
    with pytest.raises(Misused) as refused:
        read_baseline(path, ["corp.test"])
    assert (refused.value.key, refused.value.values) == ("baseline_other", {"domains": "other.test"})


def test_nothing_asked_for_is_no_gate():
    assert choose_gate(None, None, ["corp.test"]) is None
    assert choose_gate(HIGH, None, ["corp.test"]) == Gate(fail_on=HIGH)
