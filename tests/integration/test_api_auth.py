"""Signing in and out, over the real application."""

import httpx
import pytest

from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD, Backend, problem


async def sign_in(backend: Backend, username: str = "admin", password: str = ADMIN_PASSWORD) -> httpx.Response:
    return await backend.client.post("/api/v1/auth/login", json={"username": username, "password": password})


async def test_a_login_gives_a_token_that_says_who_one_is(backend):
    answer = await sign_in(backend)
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3_600)
    me = await backend.client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert (me.json()["username"], me.json()["role"]) == ("admin", "admin")
    assert me.json()["last_login_at"].endswith("Z")
    assert "password" not in me.text


async def test_unknown_names_and_wrong_passwords_look_the_same(backend):
    wrong = await sign_in(backend, password="not this one")
    unknown = await sign_in(backend, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert problem(wrong) == problem(unknown)
    assert wrong.json()["code"] == "invalid_credentials"
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_names_are_the_same_in_any_case(backend):
    assert (await sign_in(backend, username="ADMIN")).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "missing_token"),
        ("Bearer ", "missing_token"),
        ("Basic YWRtaW46eA==", "missing_token"),
        ("Bearer nonsense", "invalid_token"),
        ("Bearer " + "a" * 5_000, "invalid_token"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "invalid_token"),
    ],
)
async def test_without_a_good_token_there_is_a_401_that_says_why(backend, header, code):
    answer = await backend.client.get("/api/v1/auth/me", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_refresh_token_opens_no_door_and_is_used_once(backend):
    pair = (await sign_in(backend)).json()
    as_access = {"Authorization": f"Bearer {pair['refresh_token']}"}
    assert (await backend.client.get("/api/v1/auth/me", headers=as_access)).json()["code"] == "invalid_token"
    first = await backend.client.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert first.status_code == 200
    again = await backend.client.post("/api/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
    # Somebody has a copy: the whole session is over, the tokens made since as well.
    fresh = {"Authorization": f"Bearer {first.json()['access_token']}"}
    assert (await backend.client.get("/api/v1/auth/me", headers=fresh)).status_code == 401


async def test_logout_ends_this_session_and_no_other(backend):
    one, other = await backend.login(), await backend.login()
    assert (await backend.client.post("/api/v1/auth/logout", headers=one)).status_code == 204
    assert (await backend.client.get("/api/v1/auth/me", headers=one)).json()["code"] == "invalid_token"
    assert (await backend.client.get("/api/v1/auth/me", headers=other)).status_code == 200


async def test_a_new_password_ends_all_sessions(backend):
    one, other = await backend.login(), await backend.login()
    body = {"current_password": ADMIN_PASSWORD, "new_password": "a new password"}
    assert (await backend.client.post("/api/v1/auth/password", json=body, headers=one)).status_code == 204
    for headers in (one, other):
        assert (await backend.client.get("/api/v1/auth/me", headers=headers)).status_code == 401
    assert (await sign_in(backend)).status_code == 401
    assert (await sign_in(backend, password="a new password")).status_code == 200


async def test_the_current_password_is_asked_for(backend):
    headers = await backend.login()
    body = {"current_password": "wrong", "new_password": "a new password"}
    answer = await backend.client.post("/api/v1/auth/password", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert (await backend.client.get("/api/v1/auth/me", headers=headers)).status_code == 200


async def test_a_disabled_user_is_told_so_only_with_the_right_password(backend):
    theirs, admin = await backend.add_user(), await backend.login()
    user_id = (await backend.client.get("/api/v1/auth/me", headers=theirs)).json()["id"]
    off = await backend.client.patch(f"/api/v1/admin/users/{user_id}", json={"is_active": False}, headers=admin)
    assert off.json()["is_active"] is False
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401
    assert (await sign_in(backend, "mei", "wrong")).json()["code"] == "invalid_credentials"
    assert (await sign_in(backend, "mei", USER_PASSWORD)).json()["code"] == "user_disabled"
    # Activated again, the old tokens stay dead.
    await backend.client.patch(f"/api/v1/admin/users/{user_id}", json={"is_active": True}, headers=admin)
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401
    assert (await sign_in(backend, "mei", USER_PASSWORD)).status_code == 200
