"""The monitor's HTTP side: log lines, statistics, broadcast, health and metrics."""

import json

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from app.captures.port import ContentsUnavailable
from app.core.db import DatabaseUnavailable
from app.domain.log_entry import LogEntry
from app.domain.stages import StageKey
from app.events.event import NewEvent, PendingLogs
from app.findings.recorder import Recorder
from app.identity.queries import audit
from tests.support.backend import Backend, open_backend


async def write_lines(backend: Backend, task_id: str, count: int) -> None:
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    now = services.clock.now()
    for first in range(0, count, 50):
        lines = tuple(
            LogEntry("WARNING" if number % 10 == 0 else "INFO", "crawl", f"line {number}", now)
            for number in range(first + 1, min(first + 50, count) + 1)
        )
        await services.event_writer.write(recorder.record([NewEvent(PendingLogs(lines))]))


@pytest.fixture
async def logged(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    await write_lines(backend, task_id, 120)
    return headers, f"/api/v1/monitor/tasks/{task_id}/logs"


async def test_lines_come_in_pages_that_join(backend, logged):
    headers, place = logged
    seen, after = [], 0
    while True:
        page = (await backend.client.get(place, params={"after_log_seq": after, "limit": 50}, headers=headers)).json()
        if not page["items"]:
            break
        seen += [line["log_seq"] for line in page["items"]]
        after = page["next_after_log_seq"]
    assert seen == list(range(1, 121))
    assert after == 120


async def test_lines_are_filtered_by_level_and_text_and_the_filter_does_not_stop_the_reader(backend, logged):
    headers, place = logged
    page = (await backend.client.get(place, params={"level": "warning, error"}, headers=headers)).json()
    assert [line["log_seq"] for line in page["items"]] == list(range(10, 121, 10))
    found = (await backend.client.get(place, params={"q": "line 11"}, headers=headers)).json()
    assert [line["log_seq"] for line in found["items"]] == [11, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119]
    nothing = (await backend.client.get(place, params={"q": "%"}, headers=headers)).json()
    assert nothing == {"items": [], "next_after_log_seq": 120}
    bad = await backend.client.get(place, params={"level": "LOUD"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_level")


async def test_lines_are_filtered_by_stage(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    now = services.clock.now()
    wrote = [
        ("INFO", StageKey.PAGE_CRAWL),
        ("ERROR", StageKey.THIRD_PARTY),
        ("ERROR", StageKey.PAGE_CRAWL),
        ("INFO", "log"),
    ]
    lines = tuple(LogEntry(level, module, "casino", now) for level, module in wrote)
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    await services.event_writer.write(recorder.record([NewEvent(PendingLogs(lines))]))
    place = f"/api/v1/monitor/tasks/{task_id}/logs"

    async def ask(**params):
        return await backend.client.get(place, params={"stage": "page_crawl", **params}, headers=headers)

    page = (await ask()).json()
    assert ([line["log_seq"] for line in page["items"]], page["next_after_log_seq"]) == ([1, 3], 4)
    assert [line["log_seq"] for line in (await ask(level="ERROR", q="casino")).json()["items"]] == [3]
    assert [json.loads(line)["log_seq"] for line in (await ask(format="ndjson")).text.splitlines()] == [1, 3]
    bad = await ask(stage="nonsense")
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_input")


async def test_all_lines_can_be_streamed(backend, logged):
    headers, place = logged
    text = await backend.client.get(place, params={"format": "text"}, headers=headers)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(text.text.splitlines()) == 120
    assert text.text.splitlines()[9].endswith(" WARNING crawl: line 10")
    rows = await backend.client.get(place, params={"format": "ndjson", "level": "WARNING"}, headers=headers)
    assert [json.loads(line)["log_seq"] for line in rows.text.splitlines()] == list(range(10, 121, 10))
    empty = await backend.client.get(place, params={"format": "text", "after_log_seq": 120}, headers=headers)
    assert (empty.status_code, empty.text) == (200, "")


async def test_a_stream_goes_on_over_many_pages(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    await write_lines(backend, task_id, 2_050)
    rows = await backend.client.get(f"/api/v1/monitor/tasks/{task_id}/logs?format=ndjson", headers=headers)
    assert [json.loads(line)["log_seq"] for line in rows.text.splitlines()] == list(range(1, 2_051))


async def test_a_line_in_a_text_stays_one_line_without_control_characters(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    line = LogEntry("INFO", "crawl", "one\ntwo\x1b[31m", services.clock.now())
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    await services.event_writer.write(recorder.record([NewEvent(PendingLogs((line,)))]))
    text = await backend.client.get(f"/api/v1/monitor/tasks/{task_id}/logs?format=text", headers=headers)
    assert text.text.endswith("crawl: one\\ntwo\\x1b[31m\n")
    assert len(text.text.splitlines()) == 1


async def test_a_broadcast_reaches_the_hub_and_the_audit_trail(backend):
    headers = await backend.login()
    body = {
        "message": "维护",
        "level": "warning",
        "data": {"at": [1, 2.5, None]},
        "user_ids": ["u1"],
        "expires_in_s": 60,
    }
    answer = await backend.client.post("/api/v1/monitor/ws/broadcast", json=body, headers=headers)
    assert answer.json() == {"broadcast_id": "b1", "delivered": 3}
    assert backend.realtime.said == [{**body, "task_id": None, "sender": "admin"}]
    await backend.services.audit.flush()
    rows = await backend.services.db.read(lambda c: audit.newest(c, 1, action="ws.broadcast"))
    assert (rows[0].object_id, rows[0].detail) == ("b1", {"level": "warning", "delivered": 3})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "x" * 2_001},
        {"message": "x", "level": "loud"},
        {"message": "x", "data": [1]},
        {"message": "x", "data": {"n": 1 << 60}},
        {"message": "x", "data": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}},
        {"message": "x", "expires_in_s": -1},
        {"message": "x", "expires_in_s": 1e300},
        {"message": "x", "user_ids": []},
        {"message": "x", "also": 1},
    ],
)
async def test_a_broadcast_that_makes_no_sense_is_refused(backend, body):
    answer = await backend.client.post("/api/v1/monitor/ws/broadcast", json=body, headers=await backend.login())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert backend.realtime.said == []


@pytest.mark.parametrize("data", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": NaN}', b'{"a": 1e999}'])
async def test_what_no_json_reader_takes_is_refused(backend, data):
    headers = {**await backend.login(), "content-type": "application/json"}
    content = b'{"message": "x", "data": ' + data + b"}"
    answer = await backend.client.post("/api/v1/monitor/ws/broadcast", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_statistics_are_those_of_the_sockets(backend):
    answer = await backend.client.get("/api/v1/monitor/ws/stats", headers=await backend.login())
    assert answer.json() == {**backend.realtime.stats(), "other_servers": []}


async def test_ready_when_the_database_takes_writes_and_the_sweep_is_in_time(backend):
    assert (await backend.client.get("/livez")).json() == {"status": "ok"}
    assert (await backend.client.get("/readyz")).json()["status"] == "ok"
    backend.realtime.sweep_lag_s = 10.5
    late = await backend.client.get("/readyz")
    assert (late.status_code, late.json()["checks"]["sweep"]) == (503, "late")


async def test_readiness_counts_no_connections(backend, monkeypatch):
    """Probes ask every second: the sweep's lag is one number, and no reason to look at every connection."""
    monkeypatch.setattr(backend.realtime, "stats", None)
    assert (await backend.client.get("/readyz")).status_code == 200


async def test_scans_without_files_are_said_and_the_rest_is_served(backend):
    task_id = await backend.add_task(await backend.login())
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    await services.result_files.check()
    ready = await backend.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"]["results"] == "missing"


async def test_a_storage_of_captures_that_is_away_only_degrades(backend):
    probe = backend.services.captures_probe

    class Away:
        def read(self, _sha256):
            raise ContentsUnavailable("away")

    probe.storage = Away()
    await probe.look()  # may be the end of a look that began before
    await probe.look()
    ready = await backend.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"]["captures"] == "degraded"
    assert backend.services.metrics.registry.get_sample_value("captures_storage_healthy") == 0


async def test_a_locked_database_is_not_ready_and_requests_are_told_to_come_back(tmp_path):
    async with open_backend(tmp_path / "data", database_busy_timeout_s=0.1) as backend:
        headers = await backend.login()
        with backend.services.db.engine.connect() as blocker, blocker.begin():  # BEGIN IMMEDIATE
            ready = await backend.client.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unavailable")
            assert (await backend.client.get("/livez")).status_code == 200
            answer = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["code"] == "database_unavailable"
            assert (await backend.client.get("/api/v1/tasks", headers=headers)).json()["total"] == 0
        assert (await backend.client.get("/readyz")).status_code == 200
        assert await backend.add_task(headers)


async def test_a_full_disk_is_said_and_nothing_is_half_created(backend):
    headers = await backend.login()
    db = backend.services.db
    with db.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    room = {"pages": pages}  # every connection of the pool is told anew at each transaction

    @event.listens_for(db.engine, "begin")
    def limit(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {room['pages']}")

    made = 0
    for _ in range(200):
        answer = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        if answer.status_code != 201:
            break
        made += 1
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert (await backend.client.get("/api/v1/tasks", headers=headers)).json()["total"] == made
    for _ in range(100):
        backend.services.audit.record("test", detail={"filler": "x" * 4_000})
    with pytest.raises(DatabaseUnavailable):
        await backend.services.audit.flush()
    room["pages"] = 1_073_741_823
    await backend.services.audit.flush()
    rows = await backend.services.db.read(lambda c: audit.newest(c, 1_000, action="test"))
    assert len(rows) == 100


METRICS_TOKEN = "wq8Zk2-vT5_yN9rB3mX7cL4pH6sD0fGj"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_metrics_are_for_administrators_wherever_the_server_listens(tmp_path, host):
    async with open_backend(tmp_path / "a", host=host) as backend:
        backend.client._transport.client = ("127.0.0.1", 50_000)  # as everybody's address is behind a proxy
        assert (await backend.client.get("/metrics")).status_code == 401
        assert (await backend.client.get("/metrics", headers=await backend.add_user())).status_code == 403
        answer = await backend.client.get("/metrics", headers=await backend.login())
        assert "active_users_count" in answer.text
        assert "websocket_messages_sent_total" in answer.text
        assert (await backend.client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 401


async def test_a_scraper_has_a_token_of_its_own_that_opens_nothing_else(tmp_path):
    async with open_backend(tmp_path / "a", metrics_token=SecretStr(METRICS_TOKEN)) as backend:
        scraper = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        assert (await backend.client.get("/metrics", headers=scraper)).status_code == 200
        assert (await backend.client.get("/metrics", headers={"Authorization": METRICS_TOKEN})).status_code == 401
        assert (await backend.client.get("/metrics", headers={"Authorization": "Bearer é".encode()})).status_code == 401
        assert (await backend.client.get("/metrics", headers=await backend.login())).status_code == 200
        assert (await backend.client.get("/api/v1/auth/me", headers=scraper)).status_code == 401
