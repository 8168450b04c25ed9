"""A user's own sessions over the real application."""

import pytest

from app.identity.queries import audit
from app.identity.schemas.auth import SessionList
from tests.support.backend import USER_PASSWORD

SESSIONS = "/api/v1/auth/sessions"


@pytest.fixture
async def mei(backend):
    return await backend.add_user("mei")


async def sessions(backend, headers):
    answer = await backend.client.get(SESSIONS, headers=headers)
    assert answer.status_code == 200, answer.text
    SessionList.model_validate(answer.json())
    return answer.json()["items"]


async def sign_in(backend, agent):
    body = {"username": "mei", "password": USER_PASSWORD}
    answer = await backend.client.post("/api/v1/auth/login", json=body, headers={"User-Agent": agent})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}, answer.json()["refresh_token"]


async def test_each_sign_in_is_one_with_its_address_and_its_program(backend, mei):
    phone, _ = await sign_in(backend, "A phone \x1b[31m" + "x" * 300)
    found = await sessions(backend, phone)
    assert [one["is_current"] for one in found] == [True, False]
    assert found[0]["address"] == "192.0.2.7"
    assert found[0]["agent"].startswith("A phone ")
    assert (len(found[0]["agent"]), "\x1b" in found[0]["agent"]) == (200, False)
    assert found[1]["agent"].startswith("python-httpx/")
    assert [one["is_current"] for one in await sessions(backend, mei)] == [True, False]


async def test_a_session_that_gets_new_tokens_was_used(backend, mei):
    headers, token = await sign_in(backend, "phone")
    (before, _) = await sessions(backend, headers)
    assert before["last_used_at"] == before["created_at"]
    await backend.client.post("/api/v1/auth/refresh", json={"refresh_token": token})
    (after, _) = await sessions(backend, headers)
    assert after["last_used_at"] > before["last_used_at"]
    assert after["created_at"] == before["created_at"]


async def test_one_is_ended_and_the_others_go_on(backend, mei):
    phone, _ = await sign_in(backend, "phone")
    other = next(one["session_id"] for one in await sessions(backend, mei) if not one["is_current"])
    assert (await backend.client.delete(f"{SESSIONS}/{other}", headers=mei)).status_code == 204
    assert (await backend.client.get(SESSIONS, headers=phone)).status_code == 401
    assert len(await sessions(backend, mei)) == 1
    again = await backend.client.delete(f"{SESSIONS}/{other}", headers=mei)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_all_others_are_ended_and_this_one_stays(backend, mei):
    others = [(await sign_in(backend, str(number)))[0] for number in range(3)]
    answer = await backend.client.delete(SESSIONS, headers=others[1])
    assert (answer.status_code, answer.json()) == (200, {"ended": 3})
    assert [one["agent"] for one in await sessions(backend, others[1])] == ["1"]
    for headers in (mei, others[0], others[2]):
        assert (await backend.client.get(SESSIONS, headers=headers)).status_code == 401
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="auth.end_other_sessions"))
    assert row.detail == {"count": 3}


async def test_nobody_ends_what_is_somebody_else_s(backend, mei):
    theirs = (await sessions(backend, mei))[0]["session_id"]
    admin = await backend.login()
    for session_id in (theirs, "x", "0" * 36):
        assert (await backend.client.delete(f"{SESSIONS}/{session_id}", headers=admin)).status_code == 404
    assert (await backend.client.delete(SESSIONS, headers=admin)).json() == {"ended": 0}
    assert len(await sessions(backend, mei)) == 1


async def test_an_id_that_no_database_takes_is_refused(backend, mei):
    admin = await backend.login()
    for path in (f"{SESSIONS}/%00", "/api/v1/admin/connections/%00"):
        assert (await backend.client.delete(path, headers=admin)).status_code == 422
