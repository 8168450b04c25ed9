"""Orders over the real application: many domains at once, all or none, and looked at as one."""

import pytest

from app.core.db import OutcomeUnknown
from app.domain.verdict import Reason, Result, Verdict
from app.events.tables import scan_tasks, task_events
from app.events.types import ErrorInfo, Statistics
from app.events.writer import EventWriter
from app.maintenance.queries import retention
from app.orders.tables import order_tasks, scan_orders
from app.scans.queries import tasks as task_rows
from tests.support.backend import Backend, open_backend, problem
from tests.support.said import said

PLACES = [("GET", "/api/v1/orders/{}"), ("POST", "/api/v1/orders/{}/cancel"), ("DELETE", "/api/v1/orders/{}")]
MISSING = "01234567-89ab-7cde-8f01-23456789abcd"


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


async def order(backend: Backend, headers, *targets, key=None, **more):
    extra = {} if key is None else {"Idempotency-Key": key}
    body = {"targets": list(targets), **more}
    return await backend.client.post("/api/v1/orders", json=body, headers={**headers, **extra})


async def read(backend: Backend, headers, order_id: str):
    answer = await backend.client.get(f"/api/v1/orders/{order_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rows_of(backend: Backend, table) -> list:
    return await backend.services.db.read(lambda c: c.execute(table.select()).all())


async def finish(
    backend: Backend, task_id: str, result: str = Result.CLEAN, reasons: tuple[Reason, ...] = (), **counts: int
) -> None:
    """As a worker does that has found so much, and has not seen the rest for these reasons."""
    services = backend.services
    row = await services.db.read(lambda c: task_rows.find(c, task_id))
    await services.event_writer.write(services.lifecycle.claim(task_id, row.attempt, "worker-1", row.target_domain))
    if counts:
        found = {"total": sum(counts.values()), **counts}
        mine = scan_tasks.c.id == task_id
        await services.db.write(lambda c: c.execute(scan_tasks.update().where(mine).values(finding_counts=found)))
    unit = services.lifecycle.complete(task_id, row.attempt, Statistics(), verdict=Verdict(Result(result), reasons))
    assert await services.event_writer.write(unit) is not None


async def test_an_order_makes_a_task_for_each_domain_and_equal_ones_are_one(backend, mei):
    answer = await order(
        backend, mei, "b.example", "A.Example.", "b.example", title="Branches", config={"max_pages": 7}
    )
    assert answer.status_code == 201
    made = answer.json()
    assert (made["targets"], made["title"], made["status_counts"]) == (2, "Branches", {"pending": 2})
    assert [(one["target_domain"], one["status"]) for one in made["properties"]] == [
        ("a.example", "pending"),
        ("b.example", "pending"),
    ]
    assert (made["result"], made["config"]["max_pages"], backend.runner.woken) == (None, 7, 1)
    listed = (await backend.client.get("/api/v1/tasks?sort=target_domain", headers=mei)).json()["items"]
    assert {one["id"] for one in listed} == {one["task_id"] for one in made["properties"]}
    assert [one["config"]["max_pages"] for one in listed] == [7, 7]
    events = await rows_of(backend, task_events)
    assert sorted((event.seq, event.type) for event in events) == [(1, "task_created")] * 2
    assert await read(backend, mei, made["id"]) == made


async def test_an_order_says_of_each_domain_why_nothing_is_known_of_it(backend, mei):
    made = (await order(backend, mei, "thin.example", "gone.example")).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    reasons = (Reason.START_PAGE, Reason.ROBOTS)
    await finish(backend, ids["thin.example"], Result.INCONCLUSIVE, reasons)
    error = ErrorInfo.told("timeout", said("timeout", hours=6.0), retryable=True)
    unit = backend.services.lifecycle.fail(ids["gone.example"], 1, error, Statistics())
    assert await backend.services.event_writer.write(unit) is not None
    for language in ("en", "zh-CN"):
        answer = await read(backend, {**mei, "Accept-Language": language}, made["id"])
        gone, thin = sorted(answer["properties"], key=lambda one: one["target_domain"])
        assert (thin["result"], thin["verdict"]) == (
            "inconclusive",
            {"result": "inconclusive", "reasons": ["start_page", "robots"]},
        )
        assert (gone["result"], gone["verdict"], gone["error"]["code"]) == ("inconclusive", None, "timeout")
        assert gone["error"]["message"] == str(said("timeout", language, hours=6.0))


async def test_its_tasks_take_turns_as_if_each_had_been_asked_for(backend, mei):
    await backend.add_task(mei, "first.example")
    made = (await order(backend, mei, "b.example", "c.example")).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    places = {
        name: (await backend.client.get(f"/api/v1/tasks/{task_id}", headers=mei)).json()["queue_position"]
        for name, task_id in ids.items()
    }
    assert places == {"b.example": 2, "c.example": 3}
    other = await backend.add_user("lin")
    theirs = await backend.add_task(other, "d.example")
    assert (await backend.client.get(f"/api/v1/tasks/{theirs}", headers=other)).json()["queue_position"] == 2


async def test_what_cannot_be_scanned_is_named_and_nothing_is_made(backend, mei):
    answer = await order(backend, mei, "a.example", "https://b.example/", "c.example", "10.0.0.1")
    assert answer.status_code == 422
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("body.targets.1", "target_is_url"),
        ("body.targets.3", "target_ip_address"),
    ]
    alone = await backend.client.post("/api/v1/tasks", json={"target_domain": "10.0.0.1"}, headers=mei)
    assert answer.json()["errors"][1]["message"] == alone.json()["detail"]
    for table in (scan_tasks, scan_orders, order_tasks):
        assert await rows_of(backend, table) == []


async def test_blocked_and_not_allowed_domains_are_named(tmp_path):
    rules = {"allowed_targets": ("example",), "blocked_targets": ("bad.example",)}
    async with open_backend(tmp_path / "data", **rules) as backend:
        headers = await backend.add_user()
        answer = await order(backend, headers, "a.example", "www.bad.example", "a.test")
        assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
            ("body.targets.1", "target_not_allowed"),
            ("body.targets.2", "target_not_allowed"),
        ]
        assert await rows_of(backend, scan_tasks) == []


async def test_the_limit_of_unfinished_tasks_holds_for_all_of_it(tmp_path):
    async with open_backend(tmp_path / "data", max_unfinished_tasks_per_user=3) as backend:
        headers = await backend.add_user()
        await backend.add_task(headers)
        answer = await order(backend, headers, "a.example", "b.example", "c.example")
        assert (answer.status_code, answer.json()["code"]) == (429, "task_limit")
        assert len(await rows_of(backend, scan_tasks)) == 1
        assert (await order(backend, headers, "a.example", "b.example")).status_code == 201


async def test_there_are_at_most_500_domains_and_at_least_one(backend, mei):
    for targets in ([], [f"h{number}.example" for number in range(501)]):
        answer = await order(backend, mei, *targets)
        assert [one["field"] for one in answer.json()["errors"]] == ["body.targets"]
    answer = await order(backend, mei, "a.example", config={"start_urls": ["https://a.example/"]})
    assert [one["field"] for one in answer.json()["errors"]] == ["body.config.start_urls"]


async def test_a_repeated_request_gets_the_same_order_as_it_is_now(backend, mei):
    first = await order(backend, mei, "a.example", "b.example", key="k1")
    again = await order(backend, mei, "a.example", "b.example", key="k1")
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    assert len(await rows_of(backend, scan_tasks)) == 2
    other = await order(backend, mei, "a.example", key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    task = await backend.client.post(
        "/api/v1/tasks", json={"target_domain": "a.example"}, headers={**mei, "Idempotency-Key": "k1"}
    )
    assert task.json()["code"] == "idempotency_key_reused"


async def test_a_commit_that_nobody_told_of_makes_one_order(backend, mei):
    services = backend.services

    class Forgetful:
        """Commits, and does not tell so the first time."""

        told = False

        async def write(self, unit):
            value = await services.db.write(unit)
            if not self.told:
                self.told = True
                raise OutcomeUnknown
            return value

    services.orders.event_writer = EventWriter(db=Forgetful(), bus=services.bus)
    assert (await order(backend, mei, "a.example", "b.example")).status_code == 201
    assert (len(await rows_of(backend, scan_orders)), len(await rows_of(backend, scan_tasks))) == (1, 2)


async def test_the_worst_comes_first_and_the_result_waits_for_the_last(backend, mei):
    made = (await order(backend, mei, "a.example", "b.example", "c.example", "d.example")).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    await finish(backend, ids["a.example"])
    await finish(backend, ids["b.example"], Result.VIOLATIONS, high=2)
    await finish(backend, ids["c.example"], Result.INCONCLUSIVE)
    half = await read(backend, mei, made["id"])
    assert [one["target_domain"] for one in half["properties"]] == ["b.example", "c.example", "d.example", "a.example"]
    assert (half["result"], half["result_counts"]) == (None, {"violations": 1, "inconclusive": 1, "clean": 1})
    await finish(backend, ids["d.example"], Result.VIOLATIONS, critical=1)
    whole = await read(backend, mei, made["id"])
    assert [one["target_domain"] for one in whole["properties"]] == ["d.example", "b.example", "c.example", "a.example"]
    assert (whole["result"], whole["finding_counts"]) == ("violations", {"total": 3, "critical": 1, "high": 2})


async def test_a_scan_that_was_tried_again_stands_with_its_last_conclusive_results(backend, mei):
    made = (await order(backend, mei, "a.example")).json()
    task_id = made["properties"][0]["task_id"]
    await finish(backend, task_id, Result.VIOLATIONS, high=1)
    await backend.client.post(f"/api/v1/tasks/{task_id}/retry", headers=mei)
    (stands,) = (await read(backend, mei, made["id"]))["properties"]
    assert (stands["status"], stands["attempt"], stands["shown_attempt"]) == ("pending", 2, 1)
    assert (stands["result"], stands["finding_counts"]["high"]) == ("violations", 1)


async def test_cancelling_ends_all_that_waits_the_last_first_and_asks_what_runs(backend, mei):
    """From the front, a place that becomes free would be taken by one that is to be cancelled next."""
    made = (await order(backend, mei, "a.example", "b.example", "c.example", "d.example")).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    await finish(backend, ids["c.example"])
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(ids["a.example"], 1, "worker-1", "a.example"))
    for _ in range(2):
        answer = await backend.client.post(f"/api/v1/orders/{made['id']}/cancel", headers=mei)
        assert answer.status_code == 202
        assert answer.json()["status_counts"] == {"cancelled": 2, "cancelling": 1, "completed": 1}
    assert backend.runner.cancelled == [ids["d.example"], ids["b.example"], ids["a.example"]]


async def test_an_order_is_deleted_with_its_tasks_once_none_is_under_way(backend, mei):
    made = (await order(backend, mei, "a.example", "b.example")).json()
    place = f"/api/v1/orders/{made['id']}"
    refused = await backend.client.delete(place, headers=mei)
    assert (refused.status_code, refused.json()["code"]) == (409, "task_running")
    await backend.client.post(f"{place}/cancel", headers=mei)
    assert (await backend.client.delete(place, headers=mei)).status_code == 204
    assert (await backend.client.get(place, headers=mei)).status_code == 404
    for one in made["properties"]:
        assert (await backend.client.get(f"/api/v1/tasks/{one['task_id']}", headers=mei)).status_code == 404


async def test_orders_are_seen_by_their_owner_and_administrators(backend, mei):
    lin, admin = await backend.add_user("lin"), await backend.login()
    made = (await order(backend, mei, "a.example")).json()
    for headers, total in ((mei, 1), (lin, 0), (admin, 1)):
        page = (await backend.client.get("/api/v1/orders", headers=headers)).json()
        assert (page["total"], len(page["items"])) == (total, total)
    assert await read(backend, admin, made["id"]) == made
    for method, place in PLACES:
        for headers, order_id in ((lin, made["id"]), (mei, MISSING), (mei, "x")):
            answer = await backend.client.request(method, place.format(order_id), headers=headers)
            assert (answer.status_code, problem(answer)["code"]) == (404, "not_found")


async def test_the_newest_order_comes_first_and_counts_what_is_left(backend, mei):
    first = (await order(backend, mei, "a.example", "b.example")).json()
    second = (await order(backend, mei, "c.example")).json()
    await backend.client.delete(f"/api/v1/tasks/{first['properties'][0]['task_id']}", headers=mei)
    page = (await backend.client.get("/api/v1/orders", headers=mei)).json()
    assert [one["id"] for one in page["items"]] == [second["id"], first["id"]]
    assert (page["items"][1]["targets"], page["items"][1]["status_counts"]) == (2, {"pending": 1})


async def test_an_order_goes_with_its_last_task(backend, mei):
    made = (await order(backend, mei, "a.example", "b.example")).json()
    ids = [one["task_id"] for one in made["properties"]]
    for task_id in ids:
        await backend.client.delete(f"/api/v1/tasks/{task_id}", headers=mei)
    assert (await backend.client.get(f"/api/v1/orders/{made['id']}", headers=mei)).status_code == 404
    assert (await backend.client.get("/api/v1/orders", headers=mei)).json()["total"] == 0
    await backend.services.db.write(lambda c: retention.purge_tasks(c, ids[:1], 1_000))
    assert len(await rows_of(backend, scan_orders)) == 1
    await backend.services.db.write(lambda c: retention.purge_tasks(c, ids[1:], 1_000))
    assert (await rows_of(backend, scan_orders), await rows_of(backend, order_tasks)) == ([], [])
