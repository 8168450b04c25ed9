import ast
from datetime import UTC, datetime
from pathlib import Path

from app.core.config import SECRETS, Settings
from app.domain.rechecks import RecheckOutcome
from app.events.bus.base import TaskHint
from app.events.event import Event
from app.tasks.process_protocol import (
    SCAN_SETTINGS,
    JobSpec,
    decode_hint,
    decode_rechecks,
    decode_verdicts,
    encode_hint,
    order_line,
    read_order,
    rechecks_line,
    telemetry_variables,
    tick_line,
    verdicts_line,
)

ROOT = Path(__file__).parents[3]
SPEC = JobSpec("01a2", 1, 1, "worker", "corp.example", {"max_pages": 3})
EVENT = Event("t", 3, 1, "task_warning", '{"code":"partial","message":"界"}', datetime(2026, 1, 2, tzinfo=UTC))
HINT = TaskHint("t", "u", 3, "running", (EVENT,), 5, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

OF_THE_DATABASE = {"resolved_database_url", "embedded"}  # both follow from `database_url`
ACCESS = {"AWS_SECRET_ACCESS_KEY": "sssssss"}


def test_the_order_carries_the_job_and_the_settings_and_no_secret(tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        secret_key="s" * 40,
        secret_key_previous="p" * 40,
        metrics_token="m" * 40,
        admin_password="hunter22",
        language="en",
        ct_urls="http://ct.example/",
    )
    line = order_line(SPEC, settings, ACCESS)
    assert b"hunter22" not in line
    assert b"ssss" not in line
    spec, received, access = read_order(line)
    assert (spec, access) == (SPEC, {})
    assert b"***" not in line
    assert {name: getattr(received, name) for name in SCAN_SETTINGS} == {
        name: getattr(settings, name) for name in SCAN_SETTINGS
    }


def test_what_opens_object_storage_goes_to_a_scan_whose_captures_lie_there():
    *_, access = read_order(order_line(SPEC, Settings(captures_url="s3://bucket"), ACCESS))
    assert access == ACCESS


def test_what_a_collector_of_traces_asks_for_goes_to_a_scan_whose_spans_are_collected(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "key=abc")
    *_, others = read_order(order_line(SPEC, Settings(), ACCESS))
    assert others == {}
    *_, others = read_order(order_line(SPEC, Settings(traces_url="http://127.0.0.1:4318"), ACCESS))
    assert telemetry_variables(others) == {"OTEL_EXPORTER_OTLP_HEADERS": "key=abc"}


def test_a_scan_gets_no_setting_that_it_does_not_read():
    _, received, _ = read_order(order_line(SPEC, Settings(port=1, ws_strikes=9, admin_password="hunter22"), ACCESS))
    assert received == Settings()
    assert {"reading_model_key", "database_url"} == SCAN_SETTINGS & SECRETS


def test_the_key_of_a_language_model_goes_to_a_scan_that_asks_one():
    asking = {"reading_model_url": "http://127.0.0.1:11434/v1", "reading_model_name": "m"}
    _, received, _ = read_order(order_line(SPEC, Settings(reading_model_key="sk-1", **asking), ACCESS))
    assert received.reading_model_key.get_secret_value() == "sk-1"
    assert b"sk-1" not in order_line(SPEC, Settings(reading_model_key="sk-1"), ACCESS)


def test_the_settings_of_a_scan_are_those_that_its_code_reads():
    read = {name for path in sorted((ROOT / "app/tasks").rglob("*.py")) if is_of_a_scan(path) for name in read_by(path)}
    assert read >= OF_THE_DATABASE
    assert read - OF_THE_DATABASE | {"database_url"} == SCAN_SETTINGS


def is_of_a_scan(path):
    return not {
        "supervisor",
        "dispatch",
        "report_process",
        "list_reading",
        "notification_sending.py",
        "process_protocol.py",
        "rendering",
        "render_protocol.py",
    } & set(path.parts)


def read_by(path):
    """Names of the settings that a module reads."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {
            "settings",
            "self._settings",
            "self.settings",
        }:
            yield node.attr


def test_a_hint_survives_the_pipe():
    assert decode_hint(encode_hint(HINT)) == HINT


def test_a_tick_and_garbage_are_no_hints():
    assert [decode_hint(line) for line in (b'{"tick":1}\n', b"warning: x\n", b'{"hint":[1]}\n', b"[]")] == [None] * 4


def test_what_the_local_reader_changed_survives_the_pipe():
    said = {"suppressed": 2, "unchanged": 30}
    assert decode_verdicts(verdicts_line(said)) == said


def test_how_rechecks_have_ended_survives_the_pipe():
    ended = {RecheckOutcome.CONFIRMED: 2, RecheckOutcome.DROPPED_LIMIT: 30}
    line = rechecks_line(ended)
    assert (decode_rechecks(line), decode_verdicts(line)) == (ended, {})
    assert decode_rechecks(verdicts_line({"confirmed": 1})) == {}
    assert [decode_rechecks(said) for said in (b'{"rechecks":{"lost":1}}', b'{"rechecks":{"failed":-1}}')] == [{}, {}]


def test_numbers_that_no_scan_of_ours_says_are_none():
    lines = (tick_line(1), encode_hint(HINT), b"warning: x\n", b"[]", b'{"verdicts":[1]}', b'{"verdicts":{"guilty":1}}')
    assert [decode_verdicts(line) for line in (*lines, b'{"verdicts":{"suppressed":-1}}')] == [{}] * 7
