"""Administration of users, over the real application."""

import pytest
from sqlalchemy import event, insert, select

from app.models import scan_tasks, task_logs
from app.scanstore.sqlite import SqliteScanStore
from app.services.users import ROWS_AT_ONCE
from tests.support.house import USER_PASSWORD, House

NEW = {"username": "mei", "email": "mei@example.com", "password": USER_PASSWORD, "role": "user"}


async def admin_id(house: House, headers: dict[str, str]) -> str:
    return str((await house.client.get("/api/v1/auth/me", headers=headers)).json()["id"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/admin/users"),
        ("POST", "/api/v1/admin/users"),
        ("GET", "/api/v1/admin/users/x"),
        ("PATCH", "/api/v1/admin/users/x"),
        ("DELETE", "/api/v1/admin/users/x"),
        ("GET", "/api/v1/monitor/ws/stats"),
    ],
)
async def test_administration_is_for_administrators(house, method, path):
    theirs = await house.add_user()
    body = NEW if method == "POST" else {}
    answer = await house.client.request(
        method, path, json=body if method in ("POST", "PATCH") else None, headers=theirs
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    assert (await house.client.request(method, path, json=body)).status_code == 401


async def test_users_are_added_listed_changed_and_removed(house):
    headers = await house.login()
    made = await house.client.post("/api/v1/admin/users", json=NEW, headers=headers)
    assert made.status_code == 201
    assert "password" not in made.text
    user_id = made.json()["id"]
    page = (await house.client.get("/api/v1/admin/users?page=2&page_size=1", headers=headers)).json()
    assert (page["total"], page["items"][0]["username"]) == (2, "mei")
    changed = await house.client.patch(
        f"/api/v1/admin/users/{user_id}", json={"role": "admin", "email": "m@example.com"}, headers=headers
    )
    assert (changed.json()["role"], changed.json()["email"]) == ("admin", "m@example.com")
    assert (await house.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 204
    gone = await house.client.get(f"/api/v1/admin/users/{user_id}", headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "code"), [({"username": "MEI"}, "username_taken"), ({"email": "MEI@example.com"}, "email_taken")]
)
async def test_names_and_addresses_are_unique_in_any_case(house, change, code):
    headers = await house.login()
    await house.client.post("/api/v1/admin/users", json=NEW, headers=headers)
    other = {**NEW, "username": "lin", "email": "lin@example.com", **change}
    answer = await house.client.post("/api/v1/admin/users", json=other, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


@pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}])
async def test_the_last_active_admin_stays(house, change):
    headers = await house.login()
    user_id = await admin_id(house, headers)
    answer = await house.client.patch(f"/api/v1/admin/users/{user_id}", json=change, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert (await house.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 409
    await house.add_user("second", role="admin")
    answer = await house.client.patch(f"/api/v1/admin/users/{user_id}", json=change, headers=headers)
    assert answer.status_code == 200


async def test_a_password_reset_by_an_admin_ends_the_users_sessions(house):
    theirs, headers = await house.add_user(), await house.login()
    user_id = await admin_id(house, theirs)
    body = {"password": "something new"}
    assert (await house.client.patch(f"/api/v1/admin/users/{user_id}", json=body, headers=headers)).status_code == 200
    assert (await house.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401
    await house.login("mei", "something new")


@pytest.mark.parametrize("body", [{"is_active": None}, {"username": "x"}, {"id": "x"}, {"is_active": "perhaps"}])
async def test_a_change_that_makes_no_sense_is_refused(house, body):
    headers = await house.login()
    user_id = await admin_id(house, headers)
    answer = await house.client.patch(f"/api/v1/admin/users/{user_id}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_removed_user_takes_tasks_and_files_along_but_not_running_ones(house):
    theirs, headers = await house.add_user(), await house.login()
    user_id = await admin_id(house, theirs)
    task_id = await house.add_task(theirs)
    unit = house.services.lifecycle.claim(task_id, 1, "worker-1", "example.com")
    await house.services.journal.write(unit)
    busy = await house.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)
    assert (busy.status_code, busy.json()["code"]) == (409, "user_has_running_tasks")
    await house.services.journal.write(house.services.lifecycle.requeue(task_id, 1))
    folder = house.services.settings.data_dir / "scans"
    folder.mkdir()
    SqliteScanStore(folder / f"{task_id}-1.db").close()
    assert (await house.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 204
    assert not list(folder.glob(f"{task_id}-1.db*"))
    assert (await house.client.get(f"/api/v1/tasks/{task_id}", headers=headers)).status_code == 404
    assert (await house.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401


async def test_a_user_with_much_is_removed_in_small_transactions(house):
    """Everybody writes behind one lock: none of the transactions may touch more than a few rows."""
    theirs, headers = await house.add_user(), await house.login()
    user_id = await admin_id(house, theirs)
    ids = [await house.add_task(theirs) for _ in range(7)]
    db = house.services.db

    def fill(connection):
        for task_id in ids:
            lines = [
                {"task_id": task_id, "log_seq": n, "attempt": 1, "level": "INFO", "module": "m", "message": "x"}
                for n in range(1, 601)
            ]
            at = house.services.clock.now()
            connection.execute(insert(task_logs), [{**line, "created_at": at} for line in lines])

    await db.write(fill)
    steps = []

    def begin(connection):
        connection.info["changes"] = connection.connection.driver_connection.total_changes

    def count(connection):
        steps.append(connection.connection.driver_connection.total_changes - connection.info["changes"])

    for name, listener in (("begin", begin), ("commit", count)):
        event.listen(db.engine, name, listener)
    answer = await house.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)
    for name, listener in (("begin", begin), ("commit", count)):
        event.remove(db.engine, name, listener)
    assert answer.status_code == 204
    assert sum(steps) > 7 * 600
    assert max(steps) <= ROWS_AT_ONCE + len(ids)
    assert await db.read(lambda c: c.execute(select(task_logs)).all()) == []
    assert await db.read(lambda c: c.execute(select(scan_tasks)).all()) == []
    assert (await house.client.get(f"/api/v1/admin/users/{user_id}", headers=headers)).status_code == 404
