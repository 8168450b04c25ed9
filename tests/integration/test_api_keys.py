"""API keys on the real application: what each opens in REST, sockets and event streams, and what ends with it."""

import asyncio
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime, timedelta

import httpx
import pytest

from app.client import MonitorClient, SignInFailed, Stopped
from app.core.opaque_tokens import CHECKED, KEY, checksum_of, new_token
from app.domain.messages import MessageCatalog
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.live import ending, go_live
from tests.support.realtime import Client

WITHIN_S = 30.0
# Long before the next round of checks, which would close them, too; and more tries than an address has.
RARELY = {"access_recheck_s": 600, "ws_handshakes_per_s_per_address": 10_000, "sweep_interval_s": 0.1}
ALL = ["read", "scan", "review", "admin"]


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", **RARELY) as opened:
        yield opened


class Owner:
    """A user who makes keys, with a task of theirs."""

    def __init__(self, live, user_id, token):
        self.live, self.user_id, self.token, self.task = live, user_id, token, ""

    async def add_key(self, *scopes, **more):
        body = {"name": "pipeline", "scopes": list(scopes or ["read"]), **more}
        answer = await self.live.ask("POST", "/auth/keys", self.token, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def revoke(self, key):
        answer = await self.live.ask("DELETE", f"/auth/keys/{key['key_id']}", self.token)
        assert answer.status_code == 204


@pytest.fixture
async def owner(live):
    user_id = await live.add_user()
    one = Owner(live, user_id, (await live.sign_in("mei", USER_PASSWORD))["access_token"])
    one.task = (await live.ask("POST", "/tasks", one.token, json={"target_domain": "example.com"})).json()["id"]
    return one


@asynccontextmanager
async def socket_with(live, key, query="lang=en", **headers):
    sent = {"Authorization": f"Bearer {key}", **headers}
    async with live.open(query, additional_headers=sent) as client:
        yield client


async def in_rest(live, key, path="/tasks"):
    answer = await live.ask("GET", path, key)
    return answer.status_code, answer.json().get("code", "")


async def in_socket(live, key):
    async with socket_with(live, key) as client:
        frame = await client.receive()
        if frame["type"] == "connection_established":
            return "welcome"
        assert frame["fatal"]
        return (frame["code"], *await ending(client))


async def in_events(live, key, task):
    headers = {"Authorization": f"Bearer {key}"}
    async with live.http.stream("GET", f"/api/v1/monitor/tasks/{task}/events", headers=headers) as answer:
        if answer.status_code == 200:
            return 200, ""
        await answer.aread()
        return answer.status_code, answer.json()["code"]


async def outcomes(owner, key):
    return (
        await in_rest(owner.live, key),
        await in_socket(owner.live, key),
        await in_events(owner.live, key, owner.task),
    )


def everywhere(status, code):
    return (status, code), (code, 1008, code), (status, code)


GOOD = (200, ""), "welcome", (200, "")


async def test_a_key_opens_all_three_ways(owner):
    key = await owner.add_key()
    assert await outcomes(owner, key["key"]) == GOOD


async def test_a_key_that_is_none_opens_nothing(owner):
    for key in (new_token(KEY), f"{KEY}short", new_token(KEY)[:-1] + "-"):
        assert await outcomes(owner, key) == everywhere(401, "invalid_token")


async def test_a_revoked_key_opens_nothing(owner):
    key = await owner.add_key()
    await owner.revoke(key)
    assert await outcomes(owner, key["key"]) == everywhere(401, "invalid_token")


async def test_an_expired_key_says_so(owner):
    key = await owner.add_key(expires_in_s=3600)
    owner.live.clock.turned_s = 3000  # the other ten minutes are for a slow machine
    assert await outcomes(owner, key["key"]) == GOOD
    owner.live.clock.turned_s = 3601
    assert await outcomes(owner, key["key"]) == everywhere(401, "expired_token")


async def told(owner, key, language):
    """Return what a refusal says in REST, in the socket and in the event stream."""
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
    paths = ("/tasks", f"/monitor/tasks/{owner.task}/events")
    said = [(await owner.live.http.get(f"/api/v1{path}", headers=headers)).json()["detail"] for path in paths]
    async with socket_with(owner.live, key, query=f"lang={language}") as client:
        return {*said, (await client.receive())["message"]}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_only_who_has_the_whole_key_is_told_that_it_was_revoked_or_has_expired(owner, language):
    texts, live = MessageCatalog(language), owner.live
    revoked, expired = await owner.add_key(), await owner.add_key(expires_in_s=60)
    await owner.revoke(revoked)
    assert await told(owner, revoked["key"], language) == {texts("error.revoked_key")}
    live.clock.turned_s = 61
    assert await told(owner, expired["key"], language) == {texts("error.expired_key")}
    for key in (revoked["key"], expired["key"]):
        guessed = key[:20] + new_token(KEY)[20:-CHECKED]
        assert await told(owner, guessed + checksum_of(guessed), language) == {texts("error.invalid_token")}


async def test_a_key_without_the_scope_is_refused_with_its_name(owner):
    key = await owner.add_key("scan")
    assert await outcomes(owner, key["key"]) == everywhere(403, "insufficient_scope")
    answer = await owner.live.ask("GET", "/tasks", key["key"])
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="read"'


async def test_a_key_of_a_disabled_user_says_so_and_stays_revoked(owner):
    key = await owner.add_key()
    admin = (await owner.live.sign_in())["access_token"]
    await owner.live.ask("PATCH", f"/admin/users/{owner.user_id}", admin, json={"is_active": False})
    assert await outcomes(owner, key["key"]) == everywhere(401, "user_disabled")
    await owner.live.ask("PATCH", f"/admin/users/{owner.user_id}", admin, json={"is_active": True})
    assert await outcomes(owner, key["key"]) == everywhere(401, "invalid_token")


async def test_the_keys_of_a_removed_user_are_none(owner):
    key = await owner.add_key()
    admin = (await owner.live.sign_in())["access_token"]
    await owner.live.ask("DELETE", f"/admin/users/{owner.user_id}", admin)
    assert await outcomes(owner, key["key"]) == everywhere(401, "invalid_token")


async def test_a_new_password_of_the_user_leaves_keys_and_one_of_an_administrator_revokes_them(owner):
    key = await owner.add_key()
    body = {"current_password": USER_PASSWORD, "new_password": "something else"}
    assert (await owner.live.ask("POST", "/auth/password", owner.token, json=body)).status_code == 204
    assert await outcomes(owner, key["key"]) == GOOD
    admin = (await owner.live.sign_in())["access_token"]
    await owner.live.ask("PATCH", f"/admin/users/{owner.user_id}", admin, json={"password": "given by the admin"})
    assert await outcomes(owner, key["key"]) == everywhere(401, "invalid_token")


# Scopes and roles


async def test_each_scope_opens_what_it_says(owner):
    live, task = owner.live, owner.task
    keys = {scope: (await owner.add_key(scope))["key"] for scope in ("read", "scan", "review")}
    asked = {
        "read": ("GET", f"/tasks/{task}", None, 200),
        "scan": ("POST", f"/tasks/{task}/cancel", None, 202),
        "review": ("PUT", f"/tasks/{task}/findings/x.example.com/decision", {"state": "confirmed", "version": 0}, 404),
    }
    for needed, (method, path, body, status) in asked.items():
        for scope, key in keys.items():
            answer = await live.ask(method, path, key, json=body)
            expected = status if scope == needed else 403
            assert answer.status_code == expected, (needed, scope, answer.text)
            if expected == 403:
                assert answer.json()["code"] == "insufficient_scope"


async def test_a_user_makes_no_key_with_more_rights(owner):
    body = {"name": "more", "scopes": ["admin"]}
    answer = await owner.live.ask("POST", "/auth/keys", owner.token, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")


async def test_an_administrators_key_without_the_scope_is_a_users(owner):
    live = owner.live
    admin = Owner(live, "", (await live.sign_in())["access_token"])
    plain, full = [(await admin.add_key(*scopes))["key"] for scopes in (["read"], ["read", "admin"])]
    assert await in_rest(live, plain, f"/tasks/{owner.task}") == (404, "not_found")
    assert await in_rest(live, full, f"/tasks/{owner.task}") == (200, "")
    assert await in_rest(live, plain, "/admin/users") == (403, "insufficient_scope")
    assert await in_rest(live, full, "/admin/users") == (200, "")
    answer = await live.http.get("/metrics", headers={"Authorization": f"Bearer {plain}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert (await live.http.get("/metrics", headers={"Authorization": f"Bearer {full}"})).status_code == 200


async def test_a_key_loses_what_its_user_loses(owner):
    live = owner.live
    boss_id = await live.add_user("boss", "admin")
    boss = Owner(live, boss_id, (await live.sign_in("boss", USER_PASSWORD))["access_token"])
    key = (await boss.add_key(*ALL))["key"]
    root = (await live.sign_in())["access_token"]
    async with socket_with(live, key) as client:
        await client.until("connection_established")
        await live.ask("PATCH", f"/admin/users/{boss_id}", root, json={"role": "user"})
        async with asyncio.timeout(WITHIN_S):
            assert await ending(client) == (4500, "role_changed")
    assert await in_rest(live, key, "/admin/users") == (403, "admin_only")
    assert await in_rest(live, key, f"/tasks/{owner.task}") == (404, "not_found")
    assert await in_rest(live, key) == (200, "")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/keys", {"name": "child", "scopes": ["read"]}),
        ("GET", "/auth/keys", None),
        ("DELETE", "/auth/keys", None),
        ("POST", "/auth/password", {"current_password": ADMIN_PASSWORD, "new_password": "another password"}),
        ("POST", "/auth/logout", None),
        ("POST", "/auth/logout-everywhere", None),
        ("GET", "/auth/sessions", None),
        ("DELETE", "/auth/sessions", None),
        ("POST", "/tasks/019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10/links", {"expires_in_s": 3600}),
    ],
)
async def test_a_key_makes_no_identity_and_ends_none(live, method, path, body):
    admin = Owner(live, "", (await live.sign_in())["access_token"])
    key = (await admin.add_key(*ALL))["key"]
    answer = await live.ask(method, path, key, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "session_required")
    assert await in_rest(live, admin.token) == (200, "")


# Where a key may stand


async def test_a_key_is_no_refresh_token_and_no_cookie(owner):
    key = (await owner.add_key(*ALL[:3]))["key"]
    answer = await owner.live.http.post("/api/v1/auth/refresh", json={"refresh_token": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    for cookie in ("token", "access_token", "Authorization", "compliance_session"):
        answer = await owner.live.http.get("/api/v1/tasks", headers={"Cookie": f"{cookie}={key}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


async def test_a_key_in_an_address_is_refused_good_or_not(owner):
    live, good = owner.live, (await owner.add_key())["key"]
    for key in (good, new_token(KEY), f"{KEY}x"):
        assert await live.refusal(f"token={key}") == ("invalid_token", 1008, "invalid_token")
        answer = await live.http.get(f"/api/v1/monitor/tasks/{owner.task}/events", params={"token": key})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert [row.detail for row in await live.audit_rows("key.use")][-1] == {"code": "key_in_address"}


async def test_a_ticket_is_worth_what_its_key_is(owner):
    live, key = owner.live, await owner.add_key()
    async with live.open(f"ticket={await live.ticket(key['key'])}") as client:
        assert (await client.receive())["type"] == "connection_established"
    tickets = [await live.ticket(key["key"]) for _ in range(2)]
    await owner.revoke(key)
    assert await live.refusal(f"ticket={tickets[0]}") == ("invalid_token", 1008, "invalid_token")
    path = f"/api/v1/monitor/tasks/{owner.task}/events"
    answer = await live.http.get(path, params={"ticket": tickets[1]})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    other = await owner.add_key("scan")
    answer = await live.ask("POST", "/monitor/ws/ticket", other["key"])
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_a_foreign_page_opens_no_socket_with_a_key(owner):
    key = (await owner.add_key())["key"]
    with pytest.raises(Exception, match="403"):
        async with socket_with(owner.live, key, Origin="https://evil.example"):
            pass


async def test_auth_takes_a_key_of_the_same_user_that_may_read(owner):
    live = owner.live
    reading, ordering = await owner.add_key("read"), await owner.add_key("scan")
    async with live.watch(owner.token) as client:
        await client.send(type="auth", token=ordering["key"], id="1")
        refused = await client.until("auth_result")
        assert (refused["success"], refused["error"]["code"]) == (False, "insufficient_scope")
        await client.send(type="auth", token=reading["key"], id="2")
        taken = await client.until("auth_result")
        assert (taken["success"], taken["expires_at"]) == (True, reading["expires_at"])
        await owner.revoke(reading)
        async with asyncio.timeout(WITHIN_S):
            assert await ending(client) == (4500, "key_revoked")


# What ends with a key


async def test_a_revoked_key_closes_its_sockets_and_streams_and_no_others(owner):
    live = owner.live
    key, other = await owner.add_key(), await owner.add_key()
    async with AsyncExitStack() as stack:
        mine, elsewhere = [await stack.enter_async_context(socket_with(live, one["key"])) for one in (key, other)]
        signed_in = await stack.enter_async_context(live.watch(owner.token))
        for client in (mine, elsewhere):
            await client.until("connection_established")
        stream = await stack.enter_async_context(events_of(live, key["key"], owner.task))
        await owner.revoke(key)
        async with asyncio.timeout(WITHIN_S):
            assert await ending(mine) == (4500, "key_revoked")
            assert (await read_to_end(stream)).endswith(": key_revoked\n\n")
        for client in (elsewhere, signed_in):
            await client.send(type="ping")
            await client.until("pong")


async def test_an_expired_key_closes_its_sockets_and_streams(owner):
    live, key = owner.live, await owner.add_key(expires_in_s=120)
    async with AsyncExitStack() as stack:
        client: Client = await stack.enter_async_context(socket_with(live, key["key"]))
        welcome = await client.until("connection_established")
        assert welcome["token_expires_at"] == key["expires_at"]
        stream = await stack.enter_async_context(events_of(live, key["key"], owner.task))
        live.clock.turned_s = 121
        live.look_at_connections()
        async with asyncio.timeout(WITHIN_S):
            assert await ending(client) == (4001, "token_expired")
            assert (await read_to_end(stream)).endswith(": token_expired\n\n")


async def test_all_keys_go_at_once(owner):
    live = owner.live
    keys = [await owner.add_key() for _ in range(3)]
    answer = await live.ask("DELETE", "/auth/keys", owner.token)
    assert answer.json() == {"revoked": 3}
    for key in keys:
        assert await in_rest(live, key["key"]) == (401, "invalid_token")
    assert (await live.ask("GET", "/auth/keys", owner.token)).json() == {"items": []}


@asynccontextmanager
async def events_of(live, key, task):
    headers = {"Authorization": f"Bearer {key}"}
    async with live.http.stream("GET", f"/api/v1/monitor/tasks/{task}/events", headers=headers) as answer:
        assert answer.status_code == 200
        yield answer


async def read_to_end(answer: httpx.Response) -> str:
    return "".join([part async for part in answer.aiter_text()])


# What is kept, and told


async def test_a_key_is_shown_once(owner):
    made = await owner.add_key("scan", "read", name="nightly")
    (listed,) = (await owner.live.ask("GET", "/auth/keys", owner.token)).json()["items"]
    assert {**listed, "key": made["key"]} == made
    assert listed["prefix"] == made["key"][:9]
    assert listed["scopes"] == ["read", "scan"]
    secret = made["key"][9:]
    folder = owner.live.services.settings.data_dir
    assert not [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_a_life_has_a_default_and_a_limit(tmp_path):
    async with go_live(tmp_path / "data", api_key_ttl_s=3_600, api_key_max_ttl_s=172_800, api_keys_per_user=3) as live:
        admin = Owner(live, "", (await live.sign_in())["access_token"])
        made = await admin.add_key()
        life = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
        assert life == timedelta(hours=1)
        body = {"name": "long", "scopes": ["read"], "expires_in_s": 172_801}
        answer = await live.ask("POST", "/auth/keys", admin.token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "lifetime_too_long")
        await admin.add_key(expires_in_s=172_800)
        await admin.add_key(expires_in_s=60)
        answer = await live.ask("POST", "/auth/keys", admin.token, json={**body, "expires_in_s": 60})
        assert (answer.status_code, answer.json()["code"]) == (409, "key_limit")
        live.clock.turned_s = 61  # one has expired
        await admin.add_key()


@pytest.mark.parametrize(
    "change",
    [{"scopes": []}, {"scopes": ["write"]}, {"scopes": "read"}, {"name": ""}, {"name": "x" * 101}, {"expires_in_s": 1}],
)
async def test_what_is_no_key_is_not_made(live, change):
    token = (await live.sign_in())["access_token"]
    body = {"name": "x", "scopes": ["read"], **change}
    answer = await live.ask("POST", "/auth/keys", token, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_nobody_revokes_the_key_of_another(owner):
    live, key = owner.live, await owner.add_key()
    admin = (await live.sign_in())["access_token"]
    answer = await live.ask("DELETE", f"/auth/keys/{key['key_id']}", admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await in_rest(live, key["key"]) == (200, "")


async def test_use_is_noted_off_the_path_and_a_new_address_is_audited_once(owner):
    live, key = owner.live, await owner.add_key()
    for _ in range(5):
        await in_rest(live, key["key"])
    async with asyncio.timeout(WITHIN_S):
        while (listed := (await live.ask("GET", "/auth/keys", owner.token)).json()["items"][0])["last_used_at"] is None:
            await live.services.auth.opaque.uses.write()
    assert listed["last_network"] == "127.0.0.1"
    rows = [row for row in await live.audit_rows("key.use") if row.outcome == "ok"]
    assert [(row.user_id, row.object_id, row.address) for row in rows] == [(owner.user_id, key["key_id"], "127.0.0.1")]


async def test_what_happens_to_a_key_is_audited(owner):
    live, key = owner.live, await owner.add_key()
    await in_rest(live, key["key"], "/admin/users")
    await owner.revoke(key)
    await in_rest(live, key["key"])
    (made,) = await live.audit_rows("key.create")
    assert (made.user_id, made.object_id, made.detail) == (
        owner.user_id,
        key["key_id"],
        {"scopes": ["read"], "days": 90},
    )
    (gone,) = await live.audit_rows("key.revoke")
    assert (gone.user_id, gone.object_id) == (owner.user_id, key["key_id"])
    denied = [row for row in await live.audit_rows("key.use") if row.outcome == "denied"]
    assert [(row.user_id, row.object_id, row.detail["code"]) for row in denied] == [
        (owner.user_id, key["key_id"], "revoked_key"),
        (owner.user_id, key["key_id"], "insufficient_scope"),
    ]


async def test_what_is_done_with_a_key_says_so(owner):
    live, key = owner.live, await owner.add_key("scan")
    body = {"target_domain": "example.net"}
    by_key = (await live.ask("POST", "/tasks", key["key"], json=body)).json()["id"]
    by_user = (await live.ask("POST", "/tasks", owner.token, json=body)).json()["id"]
    rows = {row.object_id: row.detail.get("key") for row in await live.audit_rows("task.create")}
    assert (rows[by_key], rows[by_user]) == (key["key_id"], None)


async def test_a_key_with_a_wrong_checksum_costs_no_look_into_the_database(owner, monkeypatch):
    def count(*_):
        raise AssertionError("the database was asked")

    monkeypatch.setattr(owner.live.services.db, "read", count)
    assert await in_rest(owner.live, f"{KEY}{'0' * 42}") == (401, "invalid_token")


async def test_the_client_follows_a_scan_with_a_key_until_it_is_revoked(owner):
    live, key = owner.live, await owner.add_key()

    async def token(*, renew):
        if renew:
            raise SignInFailed("there is no other", code="expired_token")
        return key["key"]

    async with aclosing(MonitorClient(live.url, token).follow(owner.task)) as events:
        assert (await anext(events)).type == "task_snapshot"
        await owner.revoke(key)
        with pytest.raises(Stopped) as stopped:
            async with asyncio.timeout(WITHIN_S):
                await anext(events)
    assert (stopped.value.close_code, stopped.value.code) == (4500, "key_revoked")
    ordering = await owner.add_key("scan")

    async def other(*, renew):
        return ordering["key"]

    with pytest.raises(Stopped) as stopped:
        await anext(MonitorClient(live.url, other).follow(owner.task))
    assert stopped.value.code == "insufficient_scope"


async def test_outcomes_are_counted(owner):
    live, key = owner.live, await owner.add_key()
    await in_rest(live, key["key"])
    await in_rest(live, key["key"], "/admin/users")
    await in_rest(live, new_token(KEY))
    registry = live.services.metrics.registry
    counted = {
        outcome: registry.get_sample_value("token_checks_total", {"kind": "key", "outcome": outcome})
        for outcome in ("ok", "insufficient_scope", "invalid_token")
    }
    assert counted == {"ok": 1, "insufficient_scope": 1, "invalid_token": 1}
