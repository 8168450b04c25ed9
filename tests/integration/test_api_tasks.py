"""Tasks over the real application: who sees what, and which change is legal when."""

import pytest

from app.events.types import Statistics
from app.repositories import audit
from app.repositories import tasks as task_rows
from tests.support.house import House, open_house

MISSING = "01234567-89ab-7cde-8f01-23456789abcd"


async def claim(house: House, task_id: str) -> None:
    """As a worker does."""
    row = await house.services.db.read(lambda c: task_rows.find(c, task_id))
    unit = house.services.lifecycle.claim(task_id, row.attempt, "worker-1", row.target_domain)
    assert await house.services.journal.write(unit) is not None


async def status_of(house: House, headers: dict[str, str], task_id: str) -> str:
    return str((await house.client.get(f"/api/v1/tasks/{task_id}", headers=headers)).json()["status"])


async def test_a_task_is_created_with_its_event_and_wakes_the_runner(house):
    headers = await house.login()
    config = {"max_pages": 10, "start_urls": ["HTTPS://WWW.Example.com:443/a/../b#x"], "screenshots": False}
    answer = await house.client.post(
        "/api/v1/tasks", json={"target_domain": " Example.COM. ", "config": config}, headers=headers
    )
    assert answer.status_code == 201
    task = answer.json()
    assert (task["target_domain"], task["status"], task["queue_position"]) == ("example.com", "pending", 1)
    assert task["config"]["start_urls"] == ["https://www.example.com/b"]
    assert (task["config"]["max_pages"], task["config"]["max_depth"]) == (10, None)
    assert (task["last_seq"], house.runner.woken) == (1, 1)


async def test_an_idn_is_the_same_target_in_both_forms(house):
    headers = await house.login()
    for text in ("例子.中国", "xn--fsqu00a.xn--fiqs8s"):
        answer = await house.client.post("/api/v1/tasks", json={"target_domain": text}, headers=headers)
        assert answer.json()["target_domain"] == "xn--fsqu00a.xn--fiqs8s"


async def test_foreign_tasks_look_like_missing_ones(house):
    mine, theirs = await house.add_user("mei"), await house.add_user("lin")
    task_id = await house.add_task(mine)
    places = [
        ("GET", f"/api/v1/tasks/{{}}{tail}")
        for tail in ("", "/subdomains", "/pages", "/third-parties", "/violations", "/report")
    ]
    places += [("DELETE", "/api/v1/tasks/{}"), ("POST", "/api/v1/tasks/{}/cancel"), ("POST", "/api/v1/tasks/{}/retry")]
    places += [("GET", "/api/v1/monitor/tasks/{}/status"), ("GET", "/api/v1/monitor/tasks/{}/logs")]
    places += [("GET", "/api/v1/monitor/tasks/{}/logs?format=text")]
    for method, place in places:
        foreign = await house.client.request(method, place.format(task_id), headers=theirs)
        missing = await house.client.request(method, place.format(MISSING), headers=theirs)
        nonsense = await house.client.request(method, place.format("..%2F..%2Fetc"), headers=theirs)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found"), place
        assert missing.json() == foreign.json()
        assert nonsense.status_code == 404
    assert await status_of(house, mine, task_id) == "pending"
    assert (await house.client.get("/api/v1/tasks", headers=theirs)).json() == {
        "items": [],
        "total": 0,
        "truncated": False,
    }
    admin = await house.login()
    assert (await house.client.get("/api/v1/tasks", headers=admin)).json()["total"] == 1


async def test_lists_are_filtered_sorted_and_paged(house):
    headers = await house.login()
    for domain in ("b.example.com", "a.example.com", "c.example.net"):
        await house.add_task(headers, domain)

    async def names(**query: object) -> list[str]:
        answer = await house.client.get("/api/v1/tasks", params=query, headers=headers)
        return [item["target_domain"] for item in answer.json()["items"]]

    assert await names() == ["c.example.net", "a.example.com", "b.example.com"]
    assert await names(sort="target_domain", page_size=2) == ["a.example.com", "b.example.com"]
    assert await names(sort="target_domain", page_size=2, page=2) == ["c.example.net"]
    assert await names(domain="example.com", sort="-target_domain") == ["b.example.com", "a.example.com"]
    assert await names(status="running") == []
    bad = await house.client.get("/api/v1/tasks", params={"sort": "password_hash"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_sort")


async def test_cancel_is_idempotent_and_too_late_after_the_end(house):
    headers = await house.login()
    waiting, running = await house.add_task(headers), await house.add_task(headers)
    await claim(house, running)
    for _ in range(2):
        answer = await house.client.post(f"/api/v1/tasks/{waiting}/cancel", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    for _ in range(2):
        answer = await house.client.post(f"/api/v1/tasks/{running}/cancel", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    assert house.runner.cancelled == [waiting, running]
    done = await house.add_task(headers)
    await claim(house, done)
    await house.services.journal.write(house.services.lifecycle.complete(done, 1, Statistics()))
    late = await house.client.post(f"/api/v1/tasks/{done}/cancel", headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "task_finished")


async def test_retry_begins_a_new_attempt_once(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    await claim(house, task_id)
    early = await house.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "task_running")
    await house.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)
    stopping = await house.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert stopping.status_code == 409
    await house.services.journal.write(house.services.lifecycle.cancelled(task_id, 1, Statistics()))
    for _ in range(2):
        answer = await house.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["attempt"]) == ("pending", 2)
    await claim(house, task_id)
    running = await house.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert (running.status_code, running.json()["attempt"]) == (202, 2)


async def test_delete_makes_a_task_invisible_but_never_a_running_one(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    await claim(house, task_id)
    busy = await house.client.delete(f"/api/v1/tasks/{task_id}", headers=headers)
    assert (busy.status_code, busy.json()["code"]) == (409, "task_running")
    other = await house.add_task(headers)
    assert (await house.client.delete(f"/api/v1/tasks/{other}", headers=headers)).status_code == 204
    assert (await house.client.delete(f"/api/v1/tasks/{other}", headers=headers)).status_code == 404
    assert (await house.client.get("/api/v1/tasks", headers=headers)).json()["total"] == 1


async def test_everything_that_changes_a_task_is_audited_with_the_address(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    await house.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)
    await house.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)  # changes nothing: no row
    await house.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    await house.client.delete(f"/api/v1/tasks/{task_id}", headers=headers)
    await house.services.audit.flush()
    rows = await house.services.db.read(lambda c: audit.newest(c, 20))
    ours = [(row.action, row.address) for row in reversed(rows) if row.object_id == task_id]
    address = "192.0.2.7"
    assert ours == [(f"task.{what}", address) for what in ("create", "cancel", "retry", "delete")]
    assert "auth.login" in {row.action for row in rows}


async def test_limits_of_the_deployment_are_kept(tmp_path):
    async with open_house(
        tmp_path / "data", max_unfinished_tasks_per_user=1, allowed_targets=("example.com",)
    ) as house:
        headers = await house.login()
        elsewhere = await house.client.post("/api/v1/tasks", json={"target_domain": "example.net"}, headers=headers)
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "target_not_allowed")
        lookalike = await house.client.post("/api/v1/tasks", json={"target_domain": "badexample.com"}, headers=headers)
        assert lookalike.status_code == 403
        first = await house.add_task(headers, "www.example.com")
        more = await house.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        assert (more.status_code, more.json()["code"]) == (429, "task_limit")
        assert more.headers["retry-after"] == "60"
        await house.client.post(f"/api/v1/tasks/{first}/cancel", headers=headers)
        await house.add_task(headers, "example.com")
        again = await house.client.post(f"/api/v1/tasks/{first}/retry", headers=headers)
        assert again.status_code == 429


async def test_the_status_is_the_snapshot_without_type_and_logs(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    state = (await house.client.get(f"/api/v1/monitor/tasks/{task_id}/status", headers=headers)).json()
    assert (state["task_id"], state["seq"], state["status"]) == (task_id, 1, "pending")
    assert [stage["status"] for stage in state["stages"]] == ["pending"] * 5
    assert not {"type", "logs", "timestamp"} & state.keys()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_report_of_a_task_that_has_not_run_is_empty_and_whole(tmp_path, language):
    async with open_house(tmp_path / "data", language=language) as house:
        headers = await house.login()
        task_id = await house.add_task(headers)
        report = (await house.client.get(f"/api/v1/tasks/{task_id}/report", headers=headers)).json()
        assert report["task"]["id"] == task_id
        assert report["coverage"] == {"crawled": 0, "known": 0, "by_reason": {}, "hosts": []}
        assert report["subdomains"] == report["third_parties"] == report["violations"] == report["warnings"] == []
        assert report["statistics"]["total_pages_crawled"] == 0
