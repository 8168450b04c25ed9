"""The monitor's HTTP side: log lines, statistics, broadcast, health and metrics."""

import json

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from app.core.db import DatabaseUnavailable
from app.events.types import NewEvent, PendingLine, PendingLogs
from app.repositories import audit
from app.services.recorder import Recorder
from tests.support.house import House, open_house


async def write_lines(house: House, task_id: str, count: int) -> None:
    services = house.services
    await services.journal.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    now = services.clock.now()
    for first in range(0, count, 50):
        lines = tuple(
            PendingLine("WARNING" if number % 10 == 0 else "INFO", "crawl", f"line {number}", now)
            for number in range(first + 1, min(first + 50, count) + 1)
        )
        await services.journal.write(recorder.record([NewEvent(PendingLogs(lines))]))


@pytest.fixture
async def logged(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    await write_lines(house, task_id, 120)
    return headers, f"/api/v1/monitor/tasks/{task_id}/logs"


async def test_lines_come_in_pages_that_join(house, logged):
    headers, place = logged
    seen, after = [], 0
    while True:
        page = (await house.client.get(place, params={"after_log_seq": after, "limit": 50}, headers=headers)).json()
        if not page["items"]:
            break
        seen += [line["log_seq"] for line in page["items"]]
        after = page["next_after_log_seq"]
    assert seen == list(range(1, 121))
    assert after == 120


async def test_lines_are_filtered_by_level_and_text_and_the_filter_does_not_stop_the_reader(house, logged):
    headers, place = logged
    page = (await house.client.get(place, params={"level": "warning, error"}, headers=headers)).json()
    assert [line["log_seq"] for line in page["items"]] == list(range(10, 121, 10))
    found = (await house.client.get(place, params={"q": "line 11"}, headers=headers)).json()
    assert [line["log_seq"] for line in found["items"]] == [11, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119]
    nothing = (await house.client.get(place, params={"q": "%"}, headers=headers)).json()
    assert nothing == {"items": [], "next_after_log_seq": 120}
    bad = await house.client.get(place, params={"level": "LOUD"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_level")


async def test_all_lines_can_be_streamed(house, logged):
    headers, place = logged
    text = await house.client.get(place, params={"format": "text"}, headers=headers)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(text.text.splitlines()) == 120
    assert text.text.splitlines()[9].endswith(" WARNING crawl: line 10")
    rows = await house.client.get(place, params={"format": "ndjson", "level": "WARNING"}, headers=headers)
    assert [json.loads(line)["log_seq"] for line in rows.text.splitlines()] == list(range(10, 121, 10))
    empty = await house.client.get(place, params={"format": "text", "after_log_seq": 120}, headers=headers)
    assert (empty.status_code, empty.text) == (200, "")


async def test_a_stream_goes_on_over_many_pages(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    await write_lines(house, task_id, 2_050)
    rows = await house.client.get(f"/api/v1/monitor/tasks/{task_id}/logs?format=ndjson", headers=headers)
    assert [json.loads(line)["log_seq"] for line in rows.text.splitlines()] == list(range(1, 2_051))


async def test_a_line_in_a_text_stays_one_line_without_control_characters(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    services = house.services
    await services.journal.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    line = PendingLine("INFO", "crawl", "one\ntwo\x1b[31m", services.clock.now())
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    await services.journal.write(recorder.record([NewEvent(PendingLogs((line,)))]))
    text = await house.client.get(f"/api/v1/monitor/tasks/{task_id}/logs?format=text", headers=headers)
    assert text.text.endswith("crawl: one\\ntwo\\x1b[31m\n")
    assert len(text.text.splitlines()) == 1


async def test_a_broadcast_reaches_the_hub_and_the_audit_trail(house):
    headers = await house.login()
    body = {
        "message": "维护",
        "level": "warning",
        "data": {"at": [1, 2.5, None]},
        "user_ids": ["u1"],
        "expires_in_s": 60,
    }
    answer = await house.client.post("/api/v1/monitor/ws/broadcast", json=body, headers=headers)
    assert answer.json() == {"broadcast_id": "b1", "delivered": 3}
    assert house.hub.said == [{**body, "task_id": None, "sender": "admin"}]
    await house.services.audit.flush()
    rows = await house.services.db.read(lambda c: audit.newest(c, 1, action="ws.broadcast"))
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
async def test_a_broadcast_that_makes_no_sense_is_refused(house, body):
    answer = await house.client.post("/api/v1/monitor/ws/broadcast", json=body, headers=await house.login())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert house.hub.said == []


@pytest.mark.parametrize("data", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": NaN}', b'{"a": 1e999}'])
async def test_what_no_json_reader_takes_is_refused(house, data):
    headers = {**await house.login(), "content-type": "application/json"}
    content = b'{"message": "x", "data": ' + data + b"}"
    answer = await house.client.post("/api/v1/monitor/ws/broadcast", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_statistics_are_the_hubs(house):
    answer = await house.client.get("/api/v1/monitor/ws/stats", headers=await house.login())
    assert answer.json() == {"connections": 0, "sweep_lag_s": 0.1}


async def test_ready_when_the_database_takes_writes_and_the_sweep_is_in_time(house):
    assert (await house.client.get("/livez")).json() == {"status": "ok"}
    assert (await house.client.get("/readyz")).json()["status"] == "ok"
    house.hub.sweep_lag_s = 10.5
    late = await house.client.get("/readyz")
    assert (late.status_code, late.json()["checks"]["sweep"]) == (503, "late")


async def test_scans_without_files_are_said_and_the_rest_is_served(house):
    task_id = await house.add_task(await house.login())
    services = house.services
    await services.journal.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    await services.results.check()
    ready = await house.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"]["results"] == "missing"


async def test_a_locked_database_is_not_ready_and_requests_are_told_to_come_back(tmp_path):
    async with open_house(tmp_path / "data", database_busy_timeout_s=0.1) as house:
        headers = await house.login()
        with house.services.db.engine.connect() as blocker, blocker.begin():  # BEGIN IMMEDIATE
            ready = await house.client.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unavailable")
            assert (await house.client.get("/livez")).status_code == 200
            answer = await house.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["detail"] == "the database is busy"
            assert (await house.client.get("/api/v1/tasks", headers=headers)).json()["total"] == 0
        assert (await house.client.get("/readyz")).status_code == 200
        assert await house.add_task(headers)


async def test_a_full_disk_is_said_and_nothing_is_half_created(house):
    headers = await house.login()
    db = house.services.db
    with db.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    room = {"pages": pages}  # every connection of the pool is told anew at each transaction

    @event.listens_for(db.engine, "begin")
    def limit(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {room['pages']}")

    made = 0
    for _ in range(200):
        answer = await house.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        if answer.status_code != 201:
            break
        made += 1
    assert (answer.status_code, answer.json()["detail"]) == (503, "the disk is full")
    assert (await house.client.get("/api/v1/tasks", headers=headers)).json()["total"] == made
    for _ in range(100):
        house.services.audit.record("test", detail={"filler": "x" * 4_000})
    with pytest.raises(DatabaseUnavailable):
        await house.services.audit.flush()
    room["pages"] = 1_073_741_823
    await house.services.audit.flush()
    rows = await house.services.db.read(lambda c: audit.newest(c, 1_000, action="test"))
    assert len(rows) == 100


METRICS_TOKEN = "wq8Zk2-vT5_yN9rB3mX7cL4pH6sD0fGj"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_metrics_are_for_administrators_wherever_the_server_listens(tmp_path, host):
    async with open_house(tmp_path / "a", host=host) as house:
        house.client._transport.client = ("127.0.0.1", 50_000)  # as everybody's address is behind a proxy
        assert (await house.client.get("/metrics")).status_code == 401
        assert (await house.client.get("/metrics", headers=await house.add_user())).status_code == 403
        answer = await house.client.get("/metrics", headers=await house.login())
        assert "active_users_count" in answer.text
        assert "websocket_messages_sent_total" in answer.text
        assert (await house.client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 401


async def test_a_scraper_has_a_token_of_its_own_that_opens_nothing_else(tmp_path):
    async with open_house(tmp_path / "a", metrics_token=SecretStr(METRICS_TOKEN)) as house:
        scraper = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        assert (await house.client.get("/metrics", headers=scraper)).status_code == 200
        assert (await house.client.get("/metrics", headers={"Authorization": METRICS_TOKEN})).status_code == 401
        assert (await house.client.get("/metrics", headers={"Authorization": "Bearer é".encode()})).status_code == 401
        assert (await house.client.get("/metrics", headers=await house.login())).status_code == 200
        assert (await house.client.get("/api/v1/auth/me", headers=scraper)).status_code == 401
