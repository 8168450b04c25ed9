"""Legal holds: what is held cannot be deleted, by whichever way."""

import pytest

from app.core.errors import Conflict
from tests.integration.test_api_orders import finish, order

MISSING = "019b7a30-0000-7000-8000-00000000ffff"


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


async def ask(backend, headers, method, path, **options):
    return await backend.client.request(method, f"/api/v1{path}", headers=headers, **options)


async def hold(backend, task_id, reason="Case 2026-114"):
    answer = await ask(backend, await backend.login(), "PUT", f"/tasks/{task_id}/hold", json={"reason": reason})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_held_scan_says_by_whom_and_why_and_is_not_deleted_until_the_hold_is_released(backend, mei):
    task_id = await backend.add_task(mei, "a.example")
    before = (await ask(backend, mei, "GET", f"/tasks/{task_id}")).json()
    assert before["hold"] is None
    held = await hold(backend, task_id)
    assert (held["hold"]["by"], held["hold"]["reason"]) == ("admin", "Case 2026-114")
    assert {**held, "hold": None} == before
    assert (await hold(backend, task_id, "Case 2026-115"))["hold"]["reason"] == "Case 2026-115"
    assert (await ask(backend, mei, "GET", f"/tasks/{task_id}")).json()["hold"]["reason"] == "Case 2026-115"
    admin = await backend.login()
    for headers in (mei, admin):
        refused = await ask(backend, headers, "DELETE", f"/tasks/{task_id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "task_held")
    for _ in range(2):
        assert (await ask(backend, admin, "DELETE", f"/tasks/{task_id}/hold")).status_code == 204
    assert (await ask(backend, mei, "DELETE", f"/tasks/{task_id}")).status_code == 204
    await backend.services.audit.flush()
    actions = [row["action"] for row in (await ask(backend, admin, "GET", "/admin/audit")).json()["items"]]
    assert sorted(action for action in actions if "hold" in action) == ["task.hold", "task.hold", "task.release_hold"]


async def test_orders_sites_and_users_go_only_without_held_scans(backend, mei):
    made = (await order(backend, mei, "a.example", "b.example")).json()
    site = (await ask(backend, mei, "POST", "/sites", json={"target_domain": "a.example"})).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    for task_id in ids.values():
        await finish(backend, task_id)
    await hold(backend, ids["a.example"])
    user_id = (await ask(backend, mei, "GET", "/auth/me")).json()["id"]
    admin = await backend.login()
    ways = {
        "task_held": [(mei, f"/orders/{made['id']}"), (mei, f"/sites/{site['id']}?delete_scans=true")],
        "user_has_held_scans": [(admin, f"/admin/users/{user_id}")],
    }
    for code, places in ways.items():
        for headers, place in places:
            refused = await ask(backend, headers, "DELETE", place)
            assert (refused.status_code, refused.json()["code"]) == (409, code), place
    for task_id in ids.values():
        assert (await ask(backend, mei, "GET", f"/tasks/{task_id}")).status_code == 200
    await ask(backend, admin, "DELETE", f"/tasks/{ids['a.example']}/hold")
    assert (await ask(backend, admin, "DELETE", f"/admin/users/{user_id}")).status_code == 204


async def test_a_hold_that_comes_while_its_owner_is_removed_keeps_scan_and_account(backend, mei):
    """The account has ended by then, and other scans are gone."""
    first, second = [await backend.add_task(mei, name) for name in ("a.example", "b.example")]
    for task_id in (first, second):
        await finish(backend, task_id)
    user_id = (await ask(backend, mei, "GET", "/auth/me")).json()["id"]
    users, admin = backend.services.users, await backend.login()
    held = users.scans.has_held
    asked = []

    def hold_after_the_first_look(connection, owner):
        asked.append(owner)
        found = held(connection, owner)
        if len(asked) == 1:
            place = "UPDATE scan_tasks SET held_at = created_at, held_by = 'admin', hold_reason = 'x' WHERE id = ?"
            connection.exec_driver_sql(place.replace("?", f"'{second}'"))
        return found

    users.scans.has_held = hold_after_the_first_look
    with pytest.raises(Conflict) as refused:
        await users.delete(user_id, by="test")
    assert refused.value.code == "user_has_held_scans"
    del users.scans.has_held
    assert (await ask(backend, admin, "GET", f"/tasks/{first}")).status_code == 404
    assert (await ask(backend, admin, "GET", f"/tasks/{second}")).status_code == 200


async def test_bad_input_and_what_is_not_there(backend, mei):
    admin, task_id = await backend.login(), await backend.add_task(mei, "a.example")
    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": 7}, {"reason": "x", "more": 1}):
        assert (await ask(backend, admin, "PUT", f"/tasks/{task_id}/hold", json=body)).status_code == 422
    for method in ("PUT", "DELETE"):
        missing = await ask(backend, admin, method, f"/tasks/{MISSING}/hold", json={"reason": "x"})
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
