"""Read-only links on the real application: the one scan that each shows, and all that it does not."""

import asyncio

import pytest

from app.core.opaque_tokens import LINK, new_token
from app.core.scopes import LINK_ROUTES, SCOPE_OF_ROUTE
from app.domain.messages import MessageCatalog
from tests.support.backend import USER_PASSWORD
from tests.support.live import go_live
from tests.support.scanned import scanned_once

RARELY = {"access_recheck_s": 600, "ws_handshakes_per_s_per_address": 10_000}
WITHIN_S = 30.0
NOT_FOUND = (404, "not_found")
TEXTS = MessageCatalog("en")


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", **RARELY) as opened:
        yield opened


class Owner:
    """A user with two tasks."""

    def __init__(self, live, user_id, token):
        self.live, self.user_id, self.token, self.tasks = live, user_id, token, []

    async def order(self):
        answer = await self.live.ask("POST", "/tasks", self.token, json={"target_domain": "example.com"})
        self.tasks.append(answer.json()["id"])

    async def share(self, task, token=None, **more):
        body = {"expires_in_s": 3_600, **more}
        return await self.live.ask("POST", f"/tasks/{task}/links", token or self.token, json=body)

    async def link(self, **more):
        answer = await self.share(self.tasks[0], **more)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture
async def owner(live):
    user_id = await live.add_user()
    one = Owner(live, user_id, (await live.sign_in("mei", USER_PASSWORD))["access_token"])
    for _ in range(2):
        await one.order()
    return one


async def seen(owner, token, task=None, tail=""):
    answer = await owner.live.ask("GET", f"/tasks/{task or owner.tasks[0]}{tail}", token)
    return answer.status_code, answer.json().get("code", "")


async def test_a_link_shows_its_scan_and_no_other(owner):
    link = await owner.link()
    assert link["path"] == f"#/shared/{owner.tasks[0]}/{link['token']}"
    assert await seen(owner, link["token"]) == (200, "")
    assert await seen(owner, link["token"], owner.tasks[1]) == NOT_FOUND
    for tail in ("/findings", "/third-parties", "/report", "/pages"):
        assert await seen(owner, link["token"], owner.tasks[1], tail) == NOT_FOUND


async def test_it_is_followed_by_its_state(owner):
    link = await owner.link()
    path = "/monitor/tasks/{}/status"
    assert (await owner.live.ask("GET", path.format(owner.tasks[0]), link["token"])).status_code == 200
    assert (await owner.live.ask("GET", path.format(owner.tasks[1]), link["token"])).status_code == 404


async def test_a_link_of_an_administrator_does_not_show_everything(owner):
    admin = (await owner.live.sign_in())["access_token"]
    link = (await owner.share(owner.tasks[0], admin)).json()
    assert await seen(owner, link["token"]) == (200, "")
    assert await seen(owner, link["token"], owner.tasks[1]) == NOT_FOUND


async def test_what_leads_nowhere_is_answered_as_a_missing_scan(owner):
    live, task = owner.live, owner.tasks[0]
    links = {name: await owner.link(expires_in_s=60 if name == "expired" else 3_600) for name in ("revoked", "expired")}
    await live.ask("DELETE", f"/tasks/{task}/links/{links['revoked']['link_id']}", owner.token)
    live.clock.turned_s = 61
    dead = [links["revoked"]["token"], links["expired"]["token"], new_token(LINK), f"{LINK}short"]
    answers = [await live.ask("GET", f"/tasks/{task}", token) for token in dead]
    missing = await live.ask("GET", "/tasks/019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10", owner.token)
    for answer in answers:
        assert answer.status_code == missing.status_code == 404
        assert {**answer.json(), "trace_id": ""} == {**missing.json(), "trace_id": ""}
        assert set(answer.headers) == set(missing.headers)


async def test_a_deleted_scan_and_a_disabled_owner_end_it(owner):
    live, task = owner.live, owner.tasks[0]
    link = await owner.link()
    admin = (await live.sign_in())["access_token"]
    await live.ask("PATCH", f"/admin/users/{owner.user_id}", admin, json={"is_active": False})
    assert await seen(owner, link["token"]) == NOT_FOUND
    await live.ask("PATCH", f"/admin/users/{owner.user_id}", admin, json={"is_active": True})
    assert await seen(owner, link["token"]) == NOT_FOUND
    other = (await owner.share(task, admin)).json()["token"]
    assert await seen(owner, other) == (200, "")
    await live.ask("DELETE", f"/tasks/{task}", admin)
    assert await seen(owner, other) == NOT_FOUND


async def test_it_ends_when_its_maker_may_no_longer_see_the_scan(owner):
    live = owner.live
    boss_id = await live.add_user("boss", "admin")
    boss = (await live.sign_in("boss", USER_PASSWORD))["access_token"]
    link = (await owner.share(owner.tasks[0], boss)).json()
    root = (await live.sign_in())["access_token"]
    await live.ask("PATCH", f"/admin/users/{boss_id}", root, json={"role": "user"})
    assert await seen(owner, link["token"]) == NOT_FOUND


async def test_it_opens_no_other_route_whether_it_leads_anywhere_or_not(owner):
    live, task = owner.live, owner.tasks[0]
    good = (await owner.link())["token"]
    routes = [
        ("GET", "/tasks"),
        ("POST", "/tasks"),
        ("DELETE", f"/tasks/{task}"),
        ("POST", f"/tasks/{task}/cancel"),
        ("GET", f"/tasks/{task}/links"),
        ("POST", f"/tasks/{task}/links"),
        ("GET", f"/tasks/{task}/attempts"),
        ("GET", f"/monitor/tasks/{task}/logs"),
        ("GET", f"/monitor/tasks/{task}/events"),
        ("POST", "/monitor/ws/ticket"),
        ("GET", "/auth/me"),
        ("GET", "/auth/keys"),
        ("GET", "/overview"),
        ("GET", "/search?q=example"),
        ("GET", "/review"),
        ("GET", "/admin/users"),
    ]
    for method, path in routes:
        for token in (good, new_token(LINK)):
            body = {"target_domain": "example.com", "expires_in_s": 3_600} if method == "POST" else None
            answer = await live.ask(method, path, token, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), (method, path)


async def ways_to_events(owner, token):
    """Return how each way to a socket and to an event stream refuses a token."""
    live, path = owner.live, f"/api/v1/monitor/tasks/{owner.tasks[0]}/events"
    header = {"Authorization": f"Bearer {token}"}
    return {
        "socket, header": await live.refusal("lang=en", additional_headers=header),
        "socket, address": await live.refusal(f"token={token}"),
        "open socket": await in_auth(owner, token),
        "stream, header": code_of(await live.http.get(path, headers=header)),
        "stream, address": code_of(await live.http.get(path, params={"token": token})),
        "ticket of either": code_of(await live.ask("POST", "/monitor/ws/ticket", token)),
    }


async def in_auth(owner, token):
    async with owner.live.watch(owner.token) as client:
        await client.send(type="auth", token=token, id="1")
        answer = await client.until("auth_result")
        return answer["success"], answer["error"]["code"]


def code_of(answer):
    return answer.status_code, answer.json()["code"]


# What a link does not open says nothing about whether it leads anywhere.
NO_WAY = {
    "socket, header": ("invalid_token", 1008, "invalid_token"),
    "socket, address": ("invalid_token", 1008, "invalid_token"),
    "open socket": (False, "invalid_token"),
    "stream, header": (403, "insufficient_scope"),
    "stream, address": (401, "invalid_token"),
    "ticket of either": (403, "insufficient_scope"),
}


@pytest.mark.parametrize("state", ["valid", "expired", "revoked", "unknown"])
async def test_it_opens_no_socket_and_no_event_stream(owner, state):
    live, link = owner.live, await owner.link(expires_in_s=60)
    token = link["token"] if state != "unknown" else new_token(LINK)
    if state == "revoked":
        await live.ask("DELETE", f"/tasks/{owner.tasks[0]}/links/{link['link_id']}", owner.token)
    live.clock.turned_s = 61 if state == "expired" else 0
    assert await seen(owner, token) == ((200, "") if state == "valid" else NOT_FOUND)
    assert await ways_to_events(owner, token) == NO_WAY


async def test_who_may_not_see_a_scan_makes_lists_and_revokes_no_links_to_it(owner):
    live, task = owner.live, owner.tasks[0]
    link = await owner.link()
    await live.add_user("li")
    li = (await live.sign_in("li", USER_PASSWORD))["access_token"]
    answers = [
        await owner.share(task, li),
        await live.ask("GET", f"/tasks/{task}/links", li),
        await live.ask("DELETE", f"/tasks/{task}/links/{link['link_id']}", li),
        await live.ask("DELETE", f"/tasks/{owner.tasks[1]}/links/{link['link_id']}", owner.token),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [NOT_FOUND] * 4
    assert await seen(owner, link["token"]) == (200, "")


async def test_a_life_must_be_said_and_has_a_limit_and_so_has_their_number(tmp_path):
    async with go_live(tmp_path / "data", link_max_ttl_s=86_400, links_per_task=2) as live:
        one = Owner(live, "", (await live.sign_in())["access_token"])
        await one.order()
        (task,) = one.tasks
        answer = await live.ask("POST", f"/tasks/{task}/links", one.token, json={})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        answer = await one.share(task, expires_in_s=86_401)
        assert (answer.status_code, answer.json()["code"]) == (422, "lifetime_too_long")
        await one.link(expires_in_s=60)
        await one.link()
        answer = await one.share(task)
        assert (answer.status_code, answer.json()["code"]) == (409, "link_limit")
        live.clock.turned_s = 61
        await one.link()
        assert len((await live.ask("GET", f"/tasks/{task}/links", one.token)).json()["items"]) == 2


async def test_it_is_shown_once_and_its_use_is_counted_and_audited(owner):
    live, task = owner.live, owner.tasks[0]
    link = await owner.link()
    for _ in range(3):
        await seen(owner, link["token"])
    async with asyncio.timeout(WITHIN_S):
        while (listed := await links_of(owner, task))[0]["requests"] < 3:
            await live.services.auth.opaque.uses.write()
    assert (listed[0]["created_by"], listed[0]["prefix"]) == ("mei", link["token"][:9])
    assert link["token"][9:] not in str(listed)
    (used,) = await live.audit_rows("link.use")
    assert (used.user_id, used.object_id) == (owner.user_id, link["link_id"])
    (made,) = await live.audit_rows("link.create")
    assert made.detail == {"task": task, "days": 0}


async def links_of(owner, task):
    return (await owner.live.ask("GET", f"/tasks/{task}/links", owner.token)).json()["items"]


async def test_its_readers_do_not_keep_its_owner_waiting(owner):
    """A hundred readers of a link wait for each other, not the owner for them."""
    live, task = owner.live, owner.tasks[0]
    token = (await owner.link())["token"]
    await seen(owner, token)
    turns = live.services.auth
    assert turns.user_of(token).startswith("link ")
    assert turns.user_of(owner.token) == owner.user_id
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(live.ask("GET", f"/tasks/{task}", token)) for _ in range(20)]
        own = group.create_task(live.ask("GET", f"/tasks/{task}", owner.token))
    assert {one.result().status_code for one in [*asked, own]} == {200}


# On a scan that has found something


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    with scanned_once(tmp_path_factory) as found:
        yield found


@pytest.fixture(scope="module")
def shared(scanned):
    """Headers of a link to the scan, and of one to another scan that has found nothing."""

    def link_to(task):
        answer = scanned.http.post(f"/api/v1/tasks/{task}/links", json={"expires_in_s": 3_600})
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    other = scanned.http.post("/api/v1/tasks", json={"target_domain": "example.com"}).json()["id"]
    return link_to(scanned.task_id), link_to(other), other


@pytest.fixture(scope="module")
def places(scanned):
    """One address of each route that a link opens, below the scan."""
    finding = scanned.all_items("/findings")[0]["finding_id"]
    detail = scanned.get(f"/findings/{finding}").json()
    domain = scanned.all_items("/third-parties")[0]["domain"]
    page = scanned.all_items("/pages")[0]["page_id"]
    return {
        "get_capture": f"/captures/{first_hash(detail)}",
        "get_finding": f"/findings/{finding}",
        "get_page": f"/pages/{page}",
        "get_report": "/report?format=html",
        "get_task": "",
        "get_third_party": f"/third-parties/{domain}",
        "list_findings": "/findings",
        "list_pages": "/pages",
        "list_references": "/references",
        "list_subdomains": "/subdomains",
        "list_third_parties": "/third-parties",
        "list_violations": "/violations",
    }


def first_hash(value):
    """The first hash of a captured content in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name.endswith("sha256") and isinstance(item, str):
                return item
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            if (found := first_hash(item)) is not None:
                return found
    return None


def test_a_link_opens_every_route_of_the_table_on_its_scan(scanned, shared, places):
    mine, foreign, _ = shared
    assert {*places, "get_status"} == LINK_ROUTES <= SCOPE_OF_ROUTE.keys()
    for name, tail in places.items():
        answer = scanned.get(tail, headers=mine)
        own = scanned.get(tail).content.replace(b'"owner":"admin"', b'"owner":null')
        assert answer.content == own or name == "get_report", name
        refused = scanned.get(tail, 404, headers=foreign)
        assert refused.json()["code"] == "not_found", name


def test_a_link_shows_no_notes_for_colleagues(scanned, shared, places):
    mine, _, _ = shared
    found = scanned.get(places["get_finding"]).json()
    me = scanned.http.get("/api/v1/auth/me").json()["id"]
    assigned = {"assignee_id": me, "due_on": "2026-12-15", "version": 0}
    path, note = f"/api/v1/tasks/{scanned.task_id}{places['get_finding']}", "ask mr li first"
    scanned.http.put(f"{path}/assignment", json=assigned).raise_for_status()
    scanned.http.post(f"{path}/comments", json={"text": note}).raise_for_status()
    tails = [places[name] for name in ("get_finding", "list_findings", "list_violations")]
    for tail in (*tails, *(f"/report?format={kind}" for kind in ("html", "csv", "json"))):
        assert note in scanned.get(tail).text, tail
        assert note not in scanned.get(tail, headers=mine).text, tail
        assert "2026-12-15" not in scanned.get(tail, headers=mine).text, tail
    assert found["assignment"] is None
    for answer in (
        scanned.http.get(f"{path}/comments", headers=mine),
        scanned.http.post(f"{path}/comments", json={"text": "x"}, headers=mine),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_report_for_a_link_says_nothing_of_another_scan_and_not_who_started_this_one(scanned, shared):
    mine, _, _ = shared
    own = scanned.get("/report?format=html&lang=en").text
    for_link = scanned.get("/report?format=html&lang=en", headers=mine).text
    for said in (TEXTS("report.started_by"), TEXTS("report.changes")):
        assert said in own
        assert said not in for_link


def test_a_capture_of_another_scan_is_not_shown_by_its_hash(scanned, shared, places):
    _, foreign, other = shared
    path = f"/api/v1/tasks/{other}{places['get_capture']}"
    answer = scanned.http.get(path, headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == NOT_FOUND
    assert scanned.http.get(f"/api/v1/tasks/{other}", headers=foreign).status_code == 200


@pytest.mark.parametrize("kind", ["html", "pdf", "csv", "xlsx"])
def test_a_link_gives_the_report_files(scanned, shared, kind):
    mine, foreign, _ = shared
    assert scanned.get(f"/report?format={kind}", headers=mine).content
    scanned.get(f"/report?format={kind}", 404, headers=foreign)


def test_neither_a_link_nor_a_report_says_who_holds_the_scan_and_why(scanned, shared):
    hold, reason = f"/api/v1/tasks/{scanned.task_id}/hold", "Case 2026-114"
    assert scanned.http.put(hold, json={"reason": reason}).json()["hold"]["reason"] == reason
    assert reason in scanned.get("").text
    for documents in (
        [scanned.get("", headers=shared[0]), scanned.get("/report", headers=shared[0])],
        [scanned.get("/report"), scanned.get("/report?format=html")],
    ):
        assert all(reason not in document.text for document in documents)
    assert scanned.get("/report", headers=shared[0]).json()["task"]["hold"] is None
    assert [scanned.get("", headers=headers).json()["owner"] for headers in (None, shared[0])] == ["admin", None]
    assert scanned.http.delete(hold).status_code == 204
