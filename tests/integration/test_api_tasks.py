"""Tasks over the real application: who sees what, and which change is legal when."""

import pytest

from app.compose.services import build_services
from app.core.errors import ConfigurationError
from app.domain.stages import STAGES
from app.domain.verdict import Result, Verdict
from app.events.types import Statistics
from app.identity.queries import audit
from app.scans.queries import tasks as task_rows
from app.scans.schemas.attempts import AttemptPage
from tests.support.backend import Backend, make_settings, open_backend, problem

MISSING = "01234567-89ab-7cde-8f01-23456789abcd"


async def claim(backend: Backend, task_id: str) -> None:
    """As a worker does."""
    row = await backend.services.db.read(lambda c: task_rows.find(c, task_id))
    unit = backend.services.lifecycle.claim(task_id, row.attempt, "worker-1", row.target_domain)
    assert await backend.services.event_writer.write(unit) is not None


async def status_of(backend: Backend, headers: dict[str, str], task_id: str) -> str:
    return str((await backend.client.get(f"/api/v1/tasks/{task_id}", headers=headers)).json()["status"])


async def test_a_task_is_created_with_its_event_and_wakes_the_runner(backend):
    headers = await backend.login()
    config = {
        "max_pages": 10,
        "start_urls": ["HTTPS://WWW.Example.com:443/a/../b#x"],
        "screenshots": False,
        "scheme": "http",
    }
    answer = await backend.client.post(
        "/api/v1/tasks", json={"target_domain": " Example.COM. ", "config": config}, headers=headers
    )
    assert answer.status_code == 201
    task = answer.json()
    assert (task["target_domain"], task["status"], task["queue_position"]) == ("example.com", "pending", 1)
    assert task["config"]["start_urls"] == ["https://www.example.com/b"]
    assert (task["config"]["max_pages"], task["config"]["max_depth"], task["config"]["scheme"]) == (10, None, "http")
    assert (task["last_seq"], backend.runner.woken) == (1, 1)


async def test_an_idn_is_the_same_target_in_both_forms(backend):
    headers = await backend.login()
    for text in ("例子.中国", "xn--fsqu00a.xn--fiqs8s"):
        answer = await backend.client.post("/api/v1/tasks", json={"target_domain": text}, headers=headers)
        assert answer.json()["target_domain"] == "xn--fsqu00a.xn--fiqs8s"


async def test_foreign_tasks_look_like_missing_ones(backend):
    mine, theirs = await backend.add_user("mei"), await backend.add_user("lin")
    task_id = await backend.add_task(mine)
    places = [
        ("GET", f"/api/v1/tasks/{{}}{tail}")
        for tail in ("", "/subdomains", "/pages", "/third-parties", "/violations", "/report")
    ]
    places += [("DELETE", "/api/v1/tasks/{}"), ("POST", "/api/v1/tasks/{}/cancel"), ("POST", "/api/v1/tasks/{}/retry")]
    places += [("GET", "/api/v1/monitor/tasks/{}/status"), ("GET", "/api/v1/monitor/tasks/{}/logs")]
    places += [("GET", "/api/v1/monitor/tasks/{}/logs?format=text")]
    for method, place in places:
        foreign = await backend.client.request(method, place.format(task_id), headers=theirs)
        missing = await backend.client.request(method, place.format(MISSING), headers=theirs)
        nonsense = await backend.client.request(method, place.format("..%2F..%2Fetc"), headers=theirs)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found"), place
        assert problem(missing) == problem(foreign)
        assert nonsense.status_code == 404
    assert await status_of(backend, mine, task_id) == "pending"
    assert (await backend.client.get("/api/v1/tasks", headers=theirs)).json() == {
        "items": [],
        "total": 0,
        "truncated": False,
    }
    admin = await backend.login()
    assert (await backend.client.get("/api/v1/tasks", headers=admin)).json()["total"] == 1


async def test_lists_are_filtered_sorted_and_paged(backend):
    headers = await backend.login()
    for domain in ("b.example.com", "a.example.com", "c.example.net"):
        await backend.add_task(headers, domain)

    async def names(**query: object) -> list[str]:
        answer = await backend.client.get("/api/v1/tasks", params=query, headers=headers)
        return [item["target_domain"] for item in answer.json()["items"]]

    assert await names() == ["c.example.net", "a.example.com", "b.example.com"]
    assert await names(sort="target_domain", page_size=2) == ["a.example.com", "b.example.com"]
    assert await names(sort="target_domain", page_size=2, page=2) == ["c.example.net"]
    assert await names(domain="example.com", sort="-target_domain") == ["b.example.com", "a.example.com"]
    assert await names(status="running") == []
    assert await names(status="pending", domain="example.net") == ["c.example.net"]
    bad = await backend.client.get("/api/v1/tasks", params={"sort": "password_hash"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_sort")


async def test_cancel_is_idempotent_and_too_late_after_the_end(backend):
    headers = await backend.login()
    waiting, running = await backend.add_task(headers), await backend.add_task(headers)
    await claim(backend, running)
    for _ in range(2):
        answer = await backend.client.post(f"/api/v1/tasks/{waiting}/cancel", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    for _ in range(2):
        answer = await backend.client.post(f"/api/v1/tasks/{running}/cancel", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelling")
    assert backend.runner.cancelled == [waiting, running]
    done = await backend.add_task(headers)
    await claim(backend, done)
    await backend.services.event_writer.write(backend.services.lifecycle.complete(done, 1, Statistics()))
    late = await backend.client.post(f"/api/v1/tasks/{done}/cancel", headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "task_finished")


async def test_retry_begins_a_new_attempt_once(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    await claim(backend, task_id)
    early = await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "task_running")
    await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)
    stopping = await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert stopping.status_code == 409
    await backend.services.event_writer.write(backend.services.lifecycle.cancelled(task_id, 1, Statistics()))
    for _ in range(2):
        answer = await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["attempt"]) == ("pending", 2)
    await claim(backend, task_id)
    running = await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    assert (running.status_code, running.json()["attempt"]) == (202, 2)


async def test_delete_makes_a_task_invisible_but_never_a_running_one(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    await claim(backend, task_id)
    busy = await backend.client.delete(f"/api/v1/tasks/{task_id}", headers=headers)
    assert (busy.status_code, busy.json()["code"]) == (409, "task_running")
    other = await backend.add_task(headers)
    assert (await backend.client.delete(f"/api/v1/tasks/{other}", headers=headers)).status_code == 204
    assert (await backend.client.delete(f"/api/v1/tasks/{other}", headers=headers)).status_code == 404
    assert (await backend.client.get("/api/v1/tasks", headers=headers)).json()["total"] == 1


async def test_everything_that_changes_a_task_is_audited_with_the_address(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)
    await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)  # changes nothing: no row
    await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=headers)
    await backend.client.delete(f"/api/v1/tasks/{task_id}", headers=headers)
    await backend.services.audit.flush()
    rows = await backend.services.db.read(lambda c: audit.newest(c, 20))
    ours = [(row.action, row.address) for row in reversed(rows) if row.object_id == task_id]
    address = "192.0.2.7"
    assert ours == [(f"task.{what}", address) for what in ("create", "cancel", "retry", "delete")]
    assert "auth.login" in {row.action for row in rows}


async def test_limits_of_the_deployment_are_kept(tmp_path):
    async with open_backend(
        tmp_path / "data", max_unfinished_tasks_per_user=1, allowed_targets=("example.com",)
    ) as backend:
        headers = await backend.login()
        elsewhere = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.net"}, headers=headers)
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "target_not_allowed")
        lookalike = await backend.client.post(
            "/api/v1/tasks", json={"target_domain": "badexample.com"}, headers=headers
        )
        assert lookalike.status_code == 403
        first = await backend.add_task(headers, "www.example.com")
        more = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        assert (more.status_code, more.json()["code"]) == (429, "task_limit")
        assert more.headers["retry-after"] == "60"
        await backend.client.post(f"/api/v1/tasks/{first}/cancel", headers=headers)
        await backend.add_task(headers, "example.com")
        again = await backend.client.post(f"/api/v1/tasks/{first}/retry", headers=headers)
        assert again.status_code == 429


async def test_allowed_targets_may_be_written_in_unicode(tmp_path):
    async with open_backend(tmp_path / "data", allowed_targets=("Bücher.example", "公司.cn")) as backend:
        headers = await backend.login()
        for name in ("www.bücher.example", "xn--bcher-kva.example", "比尔.公司.cn"):
            await backend.add_task(headers, name)
        elsewhere = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "target_not_allowed")


async def test_a_retry_by_an_administrator_counts_for_the_owner(tmp_path):
    async with open_backend(tmp_path / "data", max_unfinished_tasks_per_user=1) as backend:
        admin, theirs = await backend.login(), await backend.add_user()
        ended = await backend.add_task(theirs)
        await backend.client.post(f"/api/v1/tasks/{ended}/cancel", headers=theirs)
        await backend.add_task(admin)  # the administrator's own queue is full
        again = await backend.client.post(f"/api/v1/tasks/{ended}/retry", headers=admin)
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        await backend.client.post(f"/api/v1/tasks/{ended}/cancel", headers=theirs)
        await backend.add_task(theirs)  # the owner's is full now
        refused = await backend.client.post(f"/api/v1/tasks/{ended}/retry", headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (429, "task_limit")


async def test_a_retry_asks_the_list_of_allowed_targets_too(tmp_path):
    async with open_backend(tmp_path / "data") as backend:
        headers = await backend.login()
        task_id = await backend.add_task(headers, "example.com")
        await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=headers)
    async with open_backend(tmp_path / "data", allowed_targets=("example.net",)) as backend:
        again = await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=await backend.login())
        assert (again.status_code, again.json()["code"]) == (403, "target_not_allowed")


def test_an_allowed_target_that_is_no_name_refuses_to_start(tmp_path):
    with pytest.raises(ConfigurationError, match="COMPLIANCE_ALLOWED_TARGETS"):
        build_services(make_settings(tmp_path / "data", allowed_targets=("10.0.0.1",)))


async def test_the_status_is_the_snapshot_without_type_and_logs(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    state = (await backend.client.get(f"/api/v1/monitor/tasks/{task_id}/status", headers=headers)).json()
    assert (state["task_id"], state["seq"], state["status"]) == (task_id, 1, "pending")
    assert [stage["status"] for stage in state["stages"]] == ["pending"] * 5
    assert not {"type", "logs", "timestamp"} & state.keys()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_report_of_a_task_that_has_not_run_is_empty_and_whole(tmp_path, language):
    async with open_backend(tmp_path / "data", language=language) as backend:
        headers = await backend.login()
        task_id = await backend.add_task(headers)
        report = (await backend.client.get(f"/api/v1/tasks/{task_id}/report", headers=headers)).json()
        assert report["task"]["id"] == task_id
        assert report["coverage"] == {"crawled": 0, "known": 0, "by_reason": {}, "hosts": []}
        assert report["subdomains"] == report["third_parties"] == report["violations"] == report["warnings"] == []
        assert report["statistics"]["total_pages_crawled"] == 0


async def test_attempts_are_listed_with_how_each_ended_and_which_one_is_shown(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    place = f"/api/v1/tasks/{task_id}"
    services = backend.services
    await claim(backend, task_id)
    verdict = Verdict(Result.CLEAN)
    await services.event_writer.write(services.lifecycle.complete(task_id, 1, Statistics(), verdict=verdict))
    first = (await backend.client.get(place, headers=headers)).json()
    await backend.client.post(f"{place}/retry", headers=headers)
    await backend.client.post(f"{place}/cancel", headers=headers)
    answer = await backend.client.get(f"{place}/attempts", headers=headers)
    page = AttemptPage.model_validate(answer.json())
    assert (page.total, page.shown_attempt) == (2, 1)
    newest, oldest = page.items
    assert (newest.attempt, newest.status, newest.conclusive, newest.ended_by) == (2, "cancelled", False, "admin")
    assert (oldest.attempt, oldest.status, oldest.conclusive, oldest.ended_by) == (1, "completed", True, None)
    assert [stage.key for stage in oldest.stages] == [spec.key for spec in STAGES]
    second = await backend.client.get(f"{place}/attempts?page=2&page_size=1", headers=headers)
    assert [item["attempt"] for item in second.json()["items"]] == [1]
    assert (await backend.client.get(f"{place}?attempt=1", headers=headers)).json() == first
    live = (await backend.client.get(place, headers=headers)).json()
    assert (live["attempt"], live["shown_attempt"], live["status"]) == (2, 1, "cancelled")
    listed = (await backend.client.get("/api/v1/tasks", headers=headers)).json()["items"]
    assert [(item["attempt"], item["shown_attempt"]) for item in listed] == [(2, 1)]


@pytest.mark.parametrize(("tail", "status", "code"), [("3", 404, "attempt_not_found"), ("0", 422, "invalid_input")])
async def test_an_attempt_that_there_is_not_is_said_to_be_missing(backend, tail, status, code):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    for route in ("", "/report", "/violations", "/findings", "/subdomains", "/references"):
        answer = await backend.client.get(f"/api/v1/tasks/{task_id}{route}?attempt={tail}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), route
    answer = await backend.client.get(f"/api/v1/monitor/tasks/{task_id}/logs?attempt={tail}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_list_is_filtered_by_risk_verdict_and_when_tasks_were_created(backend):
    headers = await backend.login()
    await backend.add_task(headers)

    async def total(**query):
        return (await backend.client.get("/api/v1/tasks", params=query, headers=headers)).json()["total"]

    assert await total(since="2000-01-01T00:00:00Z", until="2999-01-01T08:00:00+08:00") == 1
    assert await total(until="2000-01-01T00:00:00Z") == 0
    assert (await total(risk="high"), await total(verdict="inconclusive")) == (0, 0)
    for query in ({"risk": "dreadful"}, {"verdict": "guilty"}, {"since": "2026-01-01T00:00:00"}):
        assert (await backend.client.get("/api/v1/tasks", params=query, headers=headers)).status_code == 422
