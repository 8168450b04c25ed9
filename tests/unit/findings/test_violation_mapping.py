"""One spelling: what the engine finds, what the table keeps, and what the wire and REST say."""

from dataclasses import fields
from datetime import UTC, datetime
from types import SimpleNamespace

from app.core.clock import to_wire
from app.domain.messages import MessageCatalog
from app.domain.translation import translate_event
from app.domain.violations import Evidence, Layer, ViolationFact
from app.findings.schemas.results import ViolationItem
from app.findings.tables import violations
from app.findings.violation_mapping import serialise_violation, snapshot_violation
from app.websocket.messages.frames import SnapshotViolation
from tests.support.said import said
from tests.support.violations import event_of, new_violation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVIDENCE = Evidence(Layer.TEXT, "rule", 0.9, snippet="quoted", terms=("one",))


def row_of(violation):
    level = violation.finding.risk.level.value
    return SimpleNamespace(**violation.row(), risk_level=level, task_id="t", run=1, attempt=2, created_at=NOW)


def test_a_fact_and_the_recorders_own_columns_are_the_whole_row():
    written = {*new_violation().row(), "task_id", "run", "attempt", "created_at"}
    assert written == {column.name for column in violations.columns}
    assert {field.name for field in fields(ViolationFact)} <= written


def test_a_snapshot_shows_what_the_event_said():
    violation = new_violation(url="https://bets.example/", found_on="https://corp.example/")
    shown = snapshot_violation(row_of(violation), "en")
    said = event_of(violation).model_dump(mode="json", exclude={"lang", "violation_counts", "finding_counts"})
    assert shown == {"text_key": None, "params": None, **said, "created_at": to_wire(NOW)}
    SnapshotViolation.model_validate(shown)


def test_a_reader_of_another_language_gets_the_sentence_made_anew():
    violation = new_violation(evidence=(EVIDENCE,), description=MessageCatalog("zh-CN")("queued", position=3))
    row, anew = row_of(violation), said("queued", position=3)
    assert snapshot_violation(row, "en")["violation"]["description"] == anew
    assert serialise_violation(row, language="en")["description"] == anew
    assert serialise_violation(row, language="zh-CN")["description"] == violation.fact.description
    english = event_of(violation).fields
    assert translate_event("violation_detected", event_of(violation, "zh-CN").fields, "en") == {
        **english,
        "violation": {**english["violation"], "description": anew},
    }


def test_rest_says_the_same_flat_and_with_the_evidence():
    violation = new_violation(evidence=(EVIDENCE,), url="https://bets.example/")
    event = event_of(violation)
    item = ViolationItem.model_validate(serialise_violation(row_of(violation), language="en")).model_dump()
    assert {name: item[name] for name in type(event.violation).model_fields} == event.violation.model_dump()
    for name in ("violation_id", "violation_key", "needs_review", "url", "found_on"):
        assert item[name] == getattr(event, name), name
    assert item["evidence"][0]["snippet"] == "quoted"
    assert (item["attempt"], item["created_at"]) == (2, to_wire(NOW))
    assert list(item) == list(serialise_violation(row_of(violation), language="en"))


def test_what_is_not_known_is_left_out_on_the_wire_and_null_in_rest():
    violation = new_violation(description="")
    item = serialise_violation(row_of(violation), language="en")
    assert (item["url"], item["found_on"], item["description"]) == (None, None, "")
    assert not {"url", "found_on"} & set(event_of(violation).fields)
    shown = SnapshotViolation.model_validate(snapshot_violation(row_of(violation), "en")).model_dump()
    assert not {"url", "found_on"} & set(shown)


def test_rest_shows_texts_on_one_line_and_evidence_with_its_lines():
    evidence = Evidence(Layer.TEXT, "rule", 0.9, snippet="one\ntwo\x1b")
    violation = new_violation(evidence=(evidence,), description="one\ntwo", url="https://u:p@a.test/?token=abc")
    item = serialise_violation(row_of(violation), language="en")
    assert item["description"] == "one two"
    assert item["url"] == "https://a.test/?token=***"
    assert item["evidence"][0]["snippet"] == "one\ntwo\ufffd"
