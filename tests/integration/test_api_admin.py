"""Administration of users, over the real application."""

import pytest
from sqlalchemy import event, insert, select

from app.domain.messages import Language, MessageCatalog
from app.events.tables import scan_tasks, task_logs
from app.events.types import Statistics
from app.identity.users import ROWS_AT_ONCE
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import USER_PASSWORD, Backend

NEW = {"username": "mei", "email": "mei@example.com", "password": USER_PASSWORD, "role": "user"}


async def admin_id(backend: Backend, headers: dict[str, str]) -> str:
    return str((await backend.client.get("/api/v1/auth/me", headers=headers)).json()["id"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/admin/users"),
        ("POST", "/api/v1/admin/users"),
        ("GET", "/api/v1/admin/users/x"),
        ("PATCH", "/api/v1/admin/users/x"),
        ("DELETE", "/api/v1/admin/users/x"),
        ("GET", "/api/v1/admin/metrics"),
        ("GET", "/api/v1/admin/workers"),
        ("GET", "/api/v1/admin/configuration"),
        ("GET", "/api/v1/admin/configuration/versions"),
        ("PUT", "/api/v1/tasks/x/priority"),
        ("PUT", "/api/v1/tasks/x/hold"),
        ("DELETE", "/api/v1/tasks/x/hold"),
        ("GET", "/api/v1/monitor/ws/stats"),
    ],
)
async def test_administration_is_for_administrators(backend, method, path):
    theirs = await backend.add_user()
    body = {"POST": NEW, "PUT": {"priority": 1}}.get(method, {})
    answer = await backend.client.request(
        method, path, json=body if method in ("POST", "PATCH", "PUT") else None, headers=theirs
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    assert (await backend.client.request(method, path, json=body)).status_code == 401


async def test_users_are_added_listed_changed_and_removed(backend):
    headers = await backend.login()
    made = await backend.client.post("/api/v1/admin/users", json=NEW, headers=headers)
    assert made.status_code == 201
    assert "password" not in made.text
    user_id = made.json()["id"]
    page = (await backend.client.get("/api/v1/admin/users?page=2&page_size=1", headers=headers)).json()
    assert (page["total"], page["items"][0]["username"]) == (2, "mei")
    changed = await backend.client.patch(
        f"/api/v1/admin/users/{user_id}", json={"role": "admin", "email": "m@example.com"}, headers=headers
    )
    assert (changed.json()["role"], changed.json()["email"]) == ("admin", "m@example.com")
    assert (await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 204
    gone = await backend.client.get(f"/api/v1/admin/users/{user_id}", headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "code"), [({"username": "MEI"}, "username_taken"), ({"email": "MEI@example.com"}, "email_taken")]
)
async def test_names_and_addresses_are_unique_in_any_case(backend, change, code):
    headers = await backend.login()
    await backend.client.post("/api/v1/admin/users", json=NEW, headers=headers)
    other = {**NEW, "username": "lin", "email": "lin@example.com", **change}
    answer = await backend.client.post("/api/v1/admin/users", json=other, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


@pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}])
async def test_the_last_active_admin_stays(backend, change):
    headers = await backend.login()
    user_id = await admin_id(backend, headers)
    answer = await backend.client.patch(f"/api/v1/admin/users/{user_id}", json=change, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert (await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 409
    await backend.add_user("second", role="admin")
    answer = await backend.client.patch(f"/api/v1/admin/users/{user_id}", json=change, headers=headers)
    assert answer.status_code == 200


async def test_a_password_reset_by_an_admin_ends_the_users_sessions(backend):
    theirs, headers = await backend.add_user(), await backend.login()
    user_id = await admin_id(backend, theirs)
    body = {"password": "something new"}
    assert (await backend.client.patch(f"/api/v1/admin/users/{user_id}", json=body, headers=headers)).status_code == 200
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401
    await backend.login("mei", "something new")


@pytest.mark.parametrize("body", [{"is_active": None}, {"username": "x"}, {"id": "x"}, {"is_active": "perhaps"}])
async def test_a_change_that_makes_no_sense_is_refused(backend, body):
    headers = await backend.login()
    user_id = await admin_id(backend, headers)
    answer = await backend.client.patch(f"/api/v1/admin/users/{user_id}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_removed_user_takes_tasks_and_files_along_but_not_running_ones(backend):
    theirs, headers = await backend.add_user(), await backend.login()
    user_id = await admin_id(backend, theirs)
    task_id = await backend.add_task(theirs)
    unit = backend.services.lifecycle.claim(task_id, 1, "worker-1", "example.com")
    await backend.services.event_writer.write(unit)
    busy = await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)
    assert (busy.status_code, busy.json()["code"]) == (409, "user_has_running_tasks")
    await backend.services.event_writer.write(backend.services.lifecycle.requeue(task_id, 1))
    folder = backend.services.settings.data_dir / "scans"
    folder.mkdir()
    SqliteScanStore(folder / f"{task_id}-1.db").close()
    assert (await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 204
    assert not list(folder.glob(f"{task_id}-1.db*"))
    assert (await backend.client.get(f"/api/v1/tasks/{task_id}", headers=headers)).status_code == 404
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401


async def test_a_user_with_much_is_removed_in_small_transactions(backend):
    """Everybody writes behind one lock: none of the transactions may touch more than a few rows."""
    theirs, headers = await backend.add_user(), await backend.login()
    user_id = await admin_id(backend, theirs)
    ids = [await backend.add_task(theirs) for _ in range(7)]
    db = backend.services.db

    def fill(connection):
        for task_id in ids:
            lines = [
                {"task_id": task_id, "log_seq": n, "attempt": 1, "level": "INFO", "module": "m", "message": "x"}
                for n in range(1, 601)
            ]
            at = backend.services.clock.now()
            connection.execute(insert(task_logs), [{**line, "created_at": at} for line in lines])

    await db.write(fill)
    steps = []

    def begin(connection):
        connection.info["changes"] = connection.connection.driver_connection.total_changes

    def count(connection):
        steps.append(connection.connection.driver_connection.total_changes - connection.info["changes"])

    for name, listener in (("begin", begin), ("commit", count)):
        event.listen(db.engine, name, listener)
    answer = await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)
    for name, listener in (("begin", begin), ("commit", count)):
        event.remove(db.engine, name, listener)
    assert answer.status_code == 204
    assert sum(steps) > 7 * 600
    assert max(steps) <= ROWS_AT_ONCE + len(ids)
    assert await db.read(lambda c: c.execute(select(task_logs)).all()) == []
    assert await db.read(lambda c: c.execute(select(scan_tasks)).all()) == []
    assert (await backend.client.get(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 404


async def test_the_server_is_the_only_worker_of_an_embedded_deployment(backend):
    headers = await backend.login()
    answer = await backend.client.get("/api/v1/admin/workers", headers=headers)
    assert answer.status_code == 200
    (worker,) = answer.json()["items"]
    assert (worker["id"], worker["state"], worker["runs"]) == ("embedded", "alive", [])
    assert worker["started_at"] < worker["last_heartbeat_at"]


async def test_numbers_at_a_glance_are_of_this_server_and_of_all_scans(backend):
    headers, services = await backend.login(), backend.services
    for name in ("one.com", "two.com", "three.com"):
        task_id = await backend.add_task(headers, name)
        if name != "three.com":
            await services.event_writer.write(services.lifecycle.claim(task_id, 1, "w", name))
        if name == "one.com":
            done = services.lifecycle.complete(task_id, 1, Statistics(execution_duration=90))
            await services.event_writer.write(done)
    services.metrics.refused.labels("user_connection_limit").inc(3)
    found = (await backend.client.get("/api/v1/admin/metrics", headers=headers)).json()
    assert found["scans"] == {
        "waiting": 1, "running": 1, "ended": 1, "completed": 1, "failed": 0,
        "median_duration_s": 90, "longest_duration_s": 90,
    }  # fmt: skip
    assert (found["server"]["refused"], found["server"]["connections"]) == (3, 0)
    assert (found["workers"]["concurrency"], found["since"] < found["at"]) == (2, True)


async def positions(backend, headers):
    items = (await backend.client.get("/api/v1/tasks?sort=created_at", headers=headers)).json()["items"]
    return {item["target_domain"]: (item["priority"], item["queue_position"]) for item in items}


async def test_a_task_that_an_administrator_prefers_goes_before_all_others(backend):
    admin, mei = await backend.login(), await backend.add_user()
    tasks = [await backend.add_task(mei, name) for name in ("a.example", "b.example", "c.example")]
    answer = await backend.client.put(f"/api/v1/tasks/{tasks[2]}/priority", json={"priority": 5}, headers=admin)
    assert (answer.status_code, answer.json()["priority"], answer.json()["queue_position"]) == (200, 5, 1)
    await backend.client.put(f"/api/v1/tasks/{tasks[0]}/priority", json={"priority": -1}, headers=admin)
    assert await positions(backend, mei) == {"a.example": (-1, 3), "b.example": (0, 2), "c.example": (5, 1)}
    refused = await backend.client.put(f"/api/v1/tasks/{tasks[1]}/priority", json={"priority": 101}, headers=admin)
    assert refused.status_code == 422
    await backend.client.post(f"/api/v1/tasks/{tasks[1]}/cancel", headers=mei)
    over = await backend.client.put(f"/api/v1/tasks/{tasks[1]}/priority", json={"priority": 1}, headers=admin)
    assert (over.status_code, over.json()["code"]) == (409, "task_not_waiting")
    missing = await backend.client.put("/api/v1/tasks/nobodys/priority", json={"priority": 1}, headers=admin)
    assert missing.status_code == 404


async def test_a_users_priority_holds_for_what_waits_and_for_what_comes(backend):
    admin, mei, li = await backend.login(), await backend.add_user(), await backend.add_user("li")
    await backend.add_task(mei, "a.example")
    own = await backend.add_task(li, "b.example")
    await backend.add_task(li, "c.example")
    await backend.client.put(f"/api/v1/tasks/{own}/priority", json={"priority": -7}, headers=admin)
    user_id = (await backend.client.get("/api/v1/auth/me", headers=li)).json()["id"]
    path = f"/api/v1/admin/users/{user_id}"
    changed = await backend.client.patch(path, json={"scan_priority": 10}, headers=admin)
    assert (changed.status_code, changed.json()["scan_priority"]) == (200, 10)
    await backend.add_task(li, "d.example")
    assert await positions(backend, admin) == {
        "a.example": (0, 3),
        "b.example": (-7, 4),
        "c.example": (10, 1),
        "d.example": (10, 2),
    }
    await backend.client.patch(path, json={"scan_priority": 0}, headers=admin)
    assert {name: place for name, (_, place) in (await positions(backend, admin)).items()} == {
        "a.example": 1,
        "c.example": 2,
        "d.example": 3,
        "b.example": 4,
    }


async def test_what_is_wrong_with_a_name_or_an_address_is_said_in_words(backend):
    admin = await backend.login()
    wrong = {**NEW, "username": "李 mei", "email": "mei"}
    for language in ("en", "zh-CN"):
        headers = {**admin, "Accept-Language": language}
        answer = await backend.client.post("/api/v1/admin/users", json=wrong, headers=headers)
        texts = MessageCatalog(Language(language))
        assert {fault["field"]: fault["message"] for fault in answer.json()["errors"]} == {
            "body.username": str(texts("field.not_a_username")),
            "body.email": str(texts("field.not_an_email")),
        }
