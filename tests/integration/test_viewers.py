"""The roles `viewer` and `reviewer` on the real application: both see all; one changes nothing but its own account, and
the other judges findings as well.
"""

import asyncio

import pytest

from app.core.principal import READER_ROUTES
from app.core.scopes import PUBLIC, SCOPE_OF_ROUTE
from tests.support.backend import USER_PASSWORD
from tests.support.live import ending, go_live

WITHIN_S = 30.0
REFUSED = (403, "read_only")


@pytest.fixture
async def live(tmp_path):
    # Streams and sockets are looked at after a hint alone: the next round comes long after the test.
    async with go_live(tmp_path / "data", access_recheck_s=600) as opened:
        yield opened


class People:
    """An owner with a scan and a site, a viewer (or a reviewer), and the first administrator."""

    def __init__(self, live, role):
        self.live, self.role = live, role
        self.viewer_id, self.viewer, self.owner, self.root, self.task, self.site = [""] * 6

    async def fill(self):
        live = self.live
        await live.add_user("mei")
        self.viewer_id = await live.add_user("intern", self.role)
        self.viewer = (await live.sign_in("intern", USER_PASSWORD))["access_token"]
        self.owner = (await live.sign_in("mei", USER_PASSWORD))["access_token"]
        self.root = (await live.sign_in())["access_token"]
        self.task = (await live.ask("POST", "/tasks", self.owner, json={"target_domain": "example.com"})).json()["id"]
        self.site = (await live.ask("POST", "/sites", self.owner, json={"target_domain": "a.example"})).json()["id"]
        return self

    async def change_role(self, user_id, role):
        answer = await self.live.ask("PATCH", f"/admin/users/{user_id}", self.root, json={"role": role})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def people(live, request):
    return await People(live, getattr(request, "param", "viewer")).fill()


either = pytest.mark.parametrize("people", list(READER_ROUTES), indirect=True)


def answer_of(answer):
    return answer.status_code, answer.json().get("code", "") if answer.status_code >= 400 else ""


async def operations(people):
    """Name, method and path of each documented operation, with a task and a site that are there."""
    named = {
        "task_id": people.task,
        "site_id": people.site,
        "user_id": people.viewer_id,
        "finding_id": "fraud.x.example",
        "domain": "x.example",
        "page_id": "1",
        "sha256": "0" * 64,
        "version": "1",
        "name": "x",
        "key": "x",
    }
    paths = (await people.live.http.get("/openapi.json")).json()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            filled = path.removeprefix("/api/v1")
            for part in (
                parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"
            ):
                filled = filled.replace(f"{{{part}}}", named.get(part, "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"))
            yield operation["operationId"], method.upper(), filled, path.startswith("/api/v1")


@either
async def test_every_route_that_is_not_for_the_role_is_refused_with_its_own_text(people):
    public = {name for name, scope in SCOPE_OF_ROUTE.items() if scope == PUBLIC}
    closed = SCOPE_OF_ROUTE.keys() - READER_ROUTES[people.role] - public
    tried = set()
    async for name, method, path, is_interface in operations(people):
        if name not in closed or not is_interface:
            continue
        body = {} if method in ("POST", "PUT", "PATCH") else None
        answer = await people.live.ask(method, path, people.viewer, json=body)
        assert answer_of(answer) == REFUSED, (name, answer.text)
        tried.add(name)
    assert tried == closed - {"metrics"}
    headers = {"Authorization": f"Bearer {people.viewer}"}
    assert answer_of(await people.live.http.get("/metrics", headers=headers)) == REFUSED
    assert (await people.live.ask("GET", f"/tasks/{people.task}", people.owner)).status_code == 200


@either
async def test_it_sees_the_scans_and_sites_of_everybody(people):
    live, viewer = people.live, people.viewer
    assert [row["id"] for row in (await live.ask("GET", "/tasks", viewer)).json()["items"]] == [people.task]
    assert [row["id"] for row in (await live.ask("GET", "/sites", viewer)).json()["items"]] == [people.site]
    for path in (f"/tasks/{people.task}", f"/sites/{people.site}", f"/tasks/{people.task}/attempts", "/review"):
        assert (await live.ask("GET", path, viewer)).status_code == 200, path
    overview = (await live.ask("GET", "/overview", viewer)).json()
    assert overview["total_unfinished"] == 1
    assert overview["service"] is None  # workers and readiness are for administrators


async def test_it_follows_the_scan_of_another_in_a_socket_and_an_event_stream(people):
    live = people.live
    async with live.watch(people.viewer) as client:
        await client.send(type="subscribe_task", task_id=people.task, id="1")
        assert (await client.until("subscription_result"))["success"]
    path = f"/api/v1/monitor/tasks/{people.task}/events"
    async with live.http.stream("GET", path, headers={"Authorization": f"Bearer {people.viewer}"}) as answer:
        assert answer.status_code == 200
    ticket = await live.ticket(people.viewer)
    async with live.http.stream("GET", path, params={"ticket": ticket}) as answer:
        assert answer.status_code == 200


async def test_it_keeps_its_own_account(people):
    live, viewer = people.live, people.viewer
    assert (await live.ask("GET", "/auth/me", viewer)).json()["role"] == "viewer"
    assert (await live.ask("GET", "/auth/sessions", viewer)).status_code == 200
    assert (await live.ask("POST", "/notifications/read", viewer, json={"up_to": 0})).status_code == 200
    changed = {"current_password": USER_PASSWORD, "new_password": "another long password"}
    assert (await live.ask("POST", "/auth/password", viewer, json=changed)).status_code == 204
    again = (await live.sign_in("intern", changed["new_password"]))["access_token"]
    assert (await live.ask("POST", "/auth/logout", again)).status_code == 204


@pytest.mark.parametrize("people", ["reviewer"], indirect=True)
async def test_a_reviewers_key_reads_and_reviews_and_no_more(people):
    live, body = people.live, {"name": "pipeline", "scopes": ["read", "review"]}
    key = (await live.ask("POST", "/auth/keys", people.viewer, json=body)).json()["key"]
    assert (await live.ask("GET", f"/tasks/{people.task}", key)).status_code == 200
    wanted = f"/tasks/{people.task}/findings/gambling.x.example/decision"
    answer = await live.ask("PUT", wanted, key, json={"state": "confirmed", "version": 0})
    assert answer_of(answer) == (404, "not_found")  # it may, and there is no such finding
    assert answer_of(await live.ask("POST", "/tasks", key, json={"target_domain": "b.example"})) == REFUSED
    for scopes in (["scan"], ["admin"], ["read", "scan"]):
        asked = {**body, "scopes": scopes}
        assert answer_of(await live.ask("POST", "/auth/keys", people.viewer, json=asked)) == REFUSED


@pytest.mark.parametrize("more", [{"scopes": ["scan"]}, {"scopes": ["read", "review"]}, {"scopes": ["admin"]}])
async def test_it_creates_no_key_that_does_more_than_read(people, more):
    answer = await people.live.ask("POST", "/auth/keys", people.viewer, json={"name": "pipeline", **more})
    assert answer_of(answer) == REFUSED


async def test_its_key_reads_what_it_reads_and_no_more(people):
    live, body = people.live, {"name": "pipeline", "scopes": ["read"]}
    key = (await live.ask("POST", "/auth/keys", people.viewer, json=body)).json()["key"]
    assert (await live.ask("GET", f"/tasks/{people.task}", key)).status_code == 200
    assert answer_of(await live.ask("POST", "/tasks", key, json={"target_domain": "b.example"})) == REFUSED
    assert answer_of(await live.ask("GET", "/auth/keys", key)) == (403, "session_required")
    in_a_group = {**body, "group": "North"}
    assert answer_of(await live.ask("POST", "/auth/keys", people.viewer, json=in_a_group)) == REFUSED


@either
async def test_who_gets_the_role_loses_what_keys_and_links_could_do(people):
    live = people.live
    user_id = await live.add_user("boss", "admin")
    token = (await live.sign_in("boss", USER_PASSWORD))["access_token"]
    scopes = ["read", "scan", "review", "admin"]
    key = (await live.ask("POST", "/auth/keys", token, json={"name": "k", "scopes": scopes})).json()["key"]
    of_group = {"name": "g", "scopes": ["read", "scan"], "group": "North"}
    group_key = (await live.ask("POST", "/auth/keys", token, json=of_group)).json()["key"]
    link = (await live.ask("POST", f"/tasks/{people.task}/links", token, json={"expires_in_s": 3_600})).json()["token"]
    async with live.watch(token) as client:
        await people.change_role(user_id, people.role)
        async with asyncio.timeout(WITHIN_S):
            assert await ending(client) == (4500, "role_changed")
    for shown in (token, key, group_key):
        assert answer_of(await live.ask("POST", "/tasks", shown, json={"target_domain": "b.example"})) == REFUSED
    assert answer_of(await live.ask("GET", "/admin/users", key)) == REFUSED
    assert (await live.ask("GET", f"/tasks/{people.task}", token)).status_code == 200
    # A group is of the user's own sites: this one has none, and the key sees none of others.
    assert answer_of(await live.ask("GET", f"/tasks/{people.task}", group_key)) == (404, "not_found")
    assert answer_of(await live.ask("GET", f"/tasks/{people.task}", link)) == (404, "not_found")


async def test_a_refusal_of_the_role_is_no_refusal_of_a_key(people):
    await people.live.ask("POST", "/tasks", people.viewer, json={"target_domain": "b.example"})
    assert await people.live.audit_rows("key.use") == []
