"""API keys that are for one group of sites: nothing outside it is shown or changed, in REST, sockets and streams."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import update

from app.core.scopes import GROUP_ROUTES, GROUP_SCOPES
from app.identity.tables import api_keys
from tests.integration.test_api_keys import (
    ALL,
    RARELY,
    WITHIN_S,
    Owner,
    events_of,
    in_events,
    in_rest,
    read_to_end,
    socket_with,
)
from tests.support.backend import USER_PASSWORD
from tests.support.live import ending, go_live
from tests.support.said import said

NOT_FOUND = (404, "not_found")
CLOSED = (403, "insufficient_scope")
SCOPES = ALL[:3]
SCOPES_OF_GROUP = ["read", "scan"]
WITHOUT_PLACE = {"create_task", "get_defaults", "issue_ticket", "list_sites"}


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data", **RARELY) as opened:
        yield opened


class Grouped(Owner):
    """A user with sites in two groups, in none, and a target that is no site; one task of each, and a key of North."""

    def __init__(self, live, user_id, token):
        super().__init__(live, user_id, token)
        self.sites, self.tasks, self.key = {}, {}, ""

    async def fill(self):
        for target, group in (("a.example", "North"), ("b.example", "South"), ("c.example", None)):
            made = await self.live.ask("POST", "/sites", self.token, json={"target_domain": target, "group": group})
            assert made.status_code == 201, made.text
            self.sites[target] = made.json()["id"]
        for target in (*self.sites, "d.example"):
            made = await self.live.ask("POST", "/tasks", self.token, json={"target_domain": target})
            self.tasks[target] = made.json()["id"]
        self.key = await self.add_wide_key(*SCOPES, group="North")

    async def add_wide_key(self, *scopes, group):
        """A key with scopes that the API refuses today: it is safe without that refusal."""
        made = await self.add_key(*SCOPES_OF_GROUP, group=group)
        wide = update(api_keys).where(api_keys.c.id == made["key_id"]).values(scopes=" ".join(scopes))
        await self.live.services.db.write(lambda connection: connection.execute(wide))
        return made["key"]

    async def move(self, target, group, token=""):
        path = f"/sites/{self.sites[target]}"
        answer = await self.live.ask("PATCH", path, token or self.token, json={"group": group})
        assert answer.status_code == 200, answer.text

    async def cancel(self, target):
        answer = await self.live.ask("POST", f"/tasks/{self.tasks[target]}/cancel", self.token)
        assert answer.status_code == 202, answer.text

    @property
    def inside(self):
        return self.tasks["a.example"]

    @property
    def outside(self):
        return [task for target, task in self.tasks.items() if target != "a.example"]


async def grouped(live, name):
    user_id = await live.add_user(name)
    one = Grouped(live, user_id, (await live.sign_in(name, USER_PASSWORD))["access_token"])
    await one.fill()
    return one


@pytest.fixture
async def mei(live):
    return await grouped(live, "mei")


async def places(live):
    """Method and path of each route of GROUP_ROUTES that names a task or a site; those that change come last."""
    paths = (await live.http.get("/openapi.json")).json()["paths"]
    found = {
        operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation["operationId"] in GROUP_ROUTES and "{" in path
    }
    assert found.keys() == GROUP_ROUTES - WITHOUT_PLACE
    return sorted(found.items(), key=lambda item: item[1])


def filled(path, *, task, site):
    named = {
        "task_id": task,
        "site_id": site,
        "domain": "x.example",
        "finding_id": "fraud.x.example",
        "page_id": "1",
        "sha256": "0" * 64,
    }
    return path.format(**named)


async def status_of(live, key, method, path):
    """The status and code of an answer; of an event stream, when it begins."""
    headers = {"Authorization": f"Bearer {key}"}
    async with live.http.stream(method, f"/api/v1{path}", headers=headers) as answer:
        if answer.headers["content-type"].startswith("text/event-stream"):
            return answer.status_code, ""
        await answer.aread()
    body = answer.json() if answer.status_code >= 400 else {}
    return answer.status_code, body.get("code", "")


# REST


async def test_every_route_answers_of_the_group_as_to_its_user_and_of_all_else_that_there_is_nothing(live, mei):
    li = await grouped(live, "li")  # whose site of the same target is in a group of the same name
    foreign = [*mei.outside, *li.tasks.values()]
    foreign_sites = [*(site for target, site in mei.sites.items() if target != "a.example"), *li.sites.values()]
    own = {"task": mei.inside, "site": mei.sites["a.example"]}
    before = [(await live.ask("GET", f"/tasks/{task}", mei.token)).json() for task in mei.outside]
    for name, (method, path) in await places(live):
        others = foreign if "task_id" in path else foreign_sites
        refused = {await status_of(live, mei.key, method, filled(path, task=other, site=other)) for other in others}
        assert refused == {NOT_FOUND}, name
        if method == "GET":
            shown = [await status_of(live, token, method, filled(path, **own)) for token in (mei.key, mei.token)]
            assert shown[0] == shown[1], name
    assert [(await live.ask("GET", f"/tasks/{task}", mei.token)).json() for task in mei.outside] == before


async def test_a_key_of_a_group_cancels_retries_and_runs_within_it(live, mei):
    for path, status in ((f"/tasks/{mei.inside}/cancel", 202), (f"/tasks/{mei.inside}/retry", 202)):
        assert (await live.ask("POST", path, mei.key)).status_code == status
    await mei.cancel("a.example")
    answer = await live.ask("POST", f"/sites/{mei.sites['a.example']}/run", mei.key)
    assert (answer.status_code, answer.json()["target_domain"]) == (201, "a.example")


async def test_lists_and_counts_of_sites_are_those_of_the_group(live, mei):
    for query in ("", "?group=North", "?target_domain=a.example", "?q=example"):
        found = (await live.ask("GET", f"/sites{query}", mei.key)).json()
        assert (found["total"], [one["target_domain"] for one in found["items"]]) == (1, ["a.example"]), query
    for query in ("?group=South", "?target_domain=b.example", "?q=b.ex", "?page=2"):
        found = (await live.ask("GET", f"/sites{query}", mei.key)).json()
        assert found["items"] == [], query
    scans = (await live.ask("GET", f"/sites/{mei.sites['a.example']}/scans", mei.key)).json()
    assert [one["id"] for one in scans["items"]] == [mei.inside]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tasks", None),
        ("GET", "/overview", None),
        ("GET", "/search?q=example", None),
        ("GET", "/third-parties", None),
        ("GET", "/third-party-services", None),
        ("GET", "/review", None),
        ("GET", "/orders", None),
        ("GET", "/notifications", None),
        ("GET", "/sites/labels", None),
        ("POST", "/orders", {"targets": ["b.example"]}),
        ("POST", "/sites", {"target_domain": "e.example", "group": "North"}),
        ("POST", "/sites/import", {"csv": "domain,group\ne.example,North\n"}),
        ("POST", "/sites/run", {"group": "South"}),
        ("PATCH", "/sites/{inside}", {"group": "South"}),
        ("PATCH", "/sites/{outside}", {"group": "North"}),
        ("DELETE", "/sites/{inside}", None),
        ("DELETE", "/tasks/{task}", None),
        ("PUT", "/tasks/{task}/findings/fraud.x.example/decision", {"state": "confirmed", "version": 0}),
        ("GET", "/monitor/ws/stats", None),
    ],
)
async def test_what_reaches_beyond_single_scans_and_sites_is_closed(live, mei, method, path, body):
    place = path.format(inside=mei.sites["a.example"], outside=mei.sites["b.example"], task=mei.inside)
    answer = await live.ask(method, place, mei.key, json=body)
    assert (answer.status_code, answer.json()["code"]) == CLOSED, answer.text
    sites = (await live.ask("GET", "/sites", mei.token)).json()["items"]
    assert [(one["target_domain"], one["group"]) for one in sites] == [
        ("a.example", "North"),
        ("b.example", "South"),
        ("c.example", None),
    ]


@pytest.mark.parametrize("target", ["b.example", "c.example", "d.example", "nobody.example", "sub.a.example"])
async def test_no_scan_of_another_target_is_ordered_whether_or_not_it_is_a_site(live, mei, target):
    sent = {"json": {"target_domain": target}, "headers": {"Idempotency-Key": "once"}}
    by_user = {**sent["headers"], "Authorization": f"Bearer {mei.token}"}
    await live.http.post("/api/v1/tasks", json=sent["json"], headers=by_user)
    number = (await live.ask("GET", "/tasks", mei.token)).json()["total"]
    by_key = {**sent["headers"], "Authorization": f"Bearer {mei.key}"}
    for headers in (by_key, {"Authorization": by_key["Authorization"]}):
        answer = await live.http.post("/api/v1/tasks", json=sent["json"], headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "target_not_allowed")
    assert (await live.ask("GET", "/tasks", mei.token)).json()["total"] == number


async def test_a_scan_of_a_site_in_the_group_is_ordered(live, mei):
    answer = await live.ask("POST", "/tasks", mei.key, json={"target_domain": "A.EXAMPLE."})
    assert (answer.status_code, answer.json()["target_domain"]) == (201, "a.example")


async def test_a_scan_outside_the_group_is_not_compared_with(live, mei):
    for target in mei.tasks:
        await mei.cancel(target)
    for other in mei.outside:
        place = f"/tasks/{mei.inside}/diff?against={other}"
        assert (await status_of(live, mei.key, "GET", place)) == NOT_FOUND
        assert (await status_of(live, mei.token, "GET", place)) == (422, "against_other_target")
        assert (await status_of(live, mei.key, "GET", f"/tasks/{other}/diff?against={mei.inside}")) == NOT_FOUND


async def test_an_administrators_key_of_a_group_is_for_their_own_sites_of_it(live, mei):
    root = Grouped(live, "", (await live.sign_in())["access_token"])
    key = await root.add_wide_key(*ALL, group="North")
    assert await in_rest(live, key, f"/tasks/{mei.inside}") == NOT_FOUND
    assert await in_rest(live, key, f"/sites/{mei.sites['a.example']}") == NOT_FOUND
    assert (await live.ask("GET", "/sites", key)).json() == {"items": [], "total": 0}
    assert await in_rest(live, key, "/admin/users") == CLOSED
    answer = await live.http.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == CLOSED


async def test_a_key_of_a_group_does_not_say_who_holds_a_scan_and_why(live, mei):
    """Its user and administrators see it."""
    root = (await live.sign_in())["access_token"]
    await mei.cancel("a.example")
    held = await live.ask("PUT", f"/tasks/{mei.inside}/hold", root, json={"reason": "Case 2026-114"})
    assert held.status_code == 200, held.text
    scans = f"/sites/{mei.sites['a.example']}/scans"
    for path in (f"/tasks/{mei.inside}", scans):
        for token in (root, mei.token):
            said = (await live.ask("GET", path, token)).text
            assert "Case 2026-114" in said
            assert '"owner":"mei"' in said
        seen = await live.ask("GET", path, mei.key)
        assert seen.status_code == 200
        assert "2026-114" not in seen.text
        assert '"owner":null' in seen.text
    again = await live.ask("POST", f"/tasks/{mei.inside}/retry", mei.key)
    assert (again.status_code, again.json()["hold"]) == (202, None)


async def test_a_key_of_a_group_still_needs_its_scopes(live, mei):
    reading, ordering = [(await mei.add_key(scope, group="North"))["key"] for scope in ("read", "scan")]
    assert await in_rest(live, ordering, f"/tasks/{mei.inside}") == CLOSED
    assert (await live.ask("POST", f"/tasks/{mei.inside}/cancel", reading)).json()["code"] == "insufficient_scope"
    assert await in_rest(live, reading, f"/tasks/{mei.inside}") == (200, "")


async def test_a_site_that_is_added_to_the_group_is_shown_from_then_on(live, mei):
    await mei.move("b.example", "North")
    assert await in_rest(live, mei.key, f"/tasks/{mei.tasks['b.example']}") == (200, "")
    assert (await live.ask("GET", "/sites", mei.key)).json()["total"] == 2


async def test_a_key_may_be_for_a_group_that_is_not_there_yet(live, mei):
    key = (await mei.add_key(group="East"))["key"]
    assert (await live.ask("GET", "/sites", key)).json()["total"] == 0
    await mei.move("b.example", "East")
    assert await in_rest(live, key, f"/tasks/{mei.tasks['b.example']}") == (200, "")
    assert await in_rest(live, key, f"/tasks/{mei.inside}") == NOT_FOUND


@pytest.mark.parametrize("group", ["north", "Nort", "North%", "North' OR '1'='1", "_orth"])
async def test_the_name_of_the_group_is_compared_as_it_is(live, mei, group):
    key = (await mei.add_key(group=group))["key"]
    assert await in_rest(live, key, f"/tasks/{mei.inside}") == NOT_FOUND
    assert (await live.ask("GET", "/sites", key)).json()["total"] == 0


@pytest.mark.parametrize("group", ["", "x" * 101, " North", "North\n", "\0", 7, ["North"]])
async def test_what_is_no_group_makes_no_key(live, mei, group):
    body = {"name": "x", "scopes": ["read"], "group": group}
    answer = await live.ask("POST", "/auth/keys", mei.token, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize(("language", "allowed"), [("en", "read, scan"), ("zh-CN", "read、scan")])
@pytest.mark.parametrize("scope", [scope for scope in ALL if scope not in GROUP_SCOPES])
async def test_a_scope_that_opens_nothing_to_a_group_makes_no_key(live, scope, language, allowed):
    headers = {"Authorization": f"Bearer {(await live.sign_in())['access_token']}", "Accept-Language": language}
    body = {"name": "x", "scopes": ["read", scope], "group": "North"}
    answer = await live.http.post("/api/v1/auth/keys", headers=headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    (fault,) = answer.json()["errors"]
    message = said("field.scopes_of_group", language, expected=allowed)
    assert fault == {"field": "body.scopes", "code": "scopes_of_group", "message": message}
    del body["group"]
    assert (await live.http.post("/api/v1/auth/keys", headers=headers, json=body)).status_code == 201


async def test_the_group_is_listed_and_audited(live, mei):
    listed = (await live.ask("GET", "/auth/keys", mei.token)).json()["items"]
    assert [key["group"] for key in listed] == ["North"]
    (made,) = await live.audit_rows("key.create")
    assert made.detail == {"scopes": SCOPES_OF_GROUP, "days": 90, "group": "North"}


# Sockets and event streams


async def denied_by(client, task):
    await client.send(type="subscribe_task", task_id=task)
    return (await client.until("subscription_result", task_id=task))["error"]["code"]


@pytest.mark.parametrize("way", ["header", "ticket"])
async def test_a_socket_follows_scans_of_the_group_alone(live, mei, way):
    async with AsyncExitStack() as stack:
        opened = live.open(f"ticket={await live.ticket(mei.key)}") if way == "ticket" else socket_with(live, mei.key)
        client = await stack.enter_async_context(opened)
        await client.until("connection_established")
        for task in mei.outside:
            assert await denied_by(client, task) == "not_found"
        assert await denied_by(client, "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10") == "not_found"
        await client.send(type="subscribe_tasks", items=[{"task_id": task} for task in mei.tasks.values()])
        for task in mei.tasks.values():
            result = await client.until("subscription_result", task_id=task)
            assert result["success"] is (task == mei.inside)
        await client.send(type="get_status")
        followed = (await client.until("status"))["subscriptions"]
        assert [one["task_id"] for one in followed] == [mei.inside]


async def test_a_socket_hears_nothing_of_scans_that_it_does_not_follow(live, mei):
    async with socket_with(live, mei.key) as client, live.watch(mei.token) as signed_in:
        await client.until("connection_established")
        await client.follow(mei.inside)
        for target in ("b.example", "c.example", "d.example"):
            await mei.cancel(target)
            deleted = await live.ask("DELETE", f"/tasks/{mei.tasks[target]}", mei.token)
            assert deleted.status_code == 204
        made = await live.ask("POST", "/tasks", mei.token, json={"target_domain": "e.example"})
        await signed_in.until("task_created", task_id=made.json()["id"])
        await mei.cancel("a.example")
        frames = []
        async with asyncio.timeout(WITHIN_S):
            while not frames or frames[-1]["type"] != "task_completed":
                frames.append(await client.receive())
        assert {frame["task_id"] for frame in frames if "task_id" in frame} == {mei.inside}
        await client.send(type="unsubscribe_task", task_id=mei.inside)
        await client.until("subscription_result", action="unsubscribe")
        assert (await live.ask("POST", f"/tasks/{mei.inside}/retry", mei.token)).status_code == 202
        await signed_in.until("task_retrying", task_id=mei.inside)
        await client.send(type="ping")
        assert (await client.receive())["type"] == "pong"


async def test_an_event_stream_is_of_a_scan_of_the_group(live, mei):
    assert await in_events(live, mei.key, mei.inside) == (200, "")
    for task in mei.outside:
        assert await in_events(live, mei.key, task) == NOT_FOUND
        ticket = await live.ticket(mei.key)
        answer = await live.http.get(f"/api/v1/monitor/tasks/{task}/events", params={"ticket": ticket})
        assert (answer.status_code, answer.json()["code"]) == NOT_FOUND


async def leave_by_move(mei):
    await mei.move("a.example", "South")


async def leave_by_administrator(mei):
    await mei.move("a.example", None, (await mei.live.sign_in())["access_token"])


async def leave_by_removal(mei):
    answer = await mei.live.ask("DELETE", f"/sites/{mei.sites['a.example']}", mei.token)
    assert answer.status_code == 204


@pytest.mark.parametrize("leave", [leave_by_move, leave_by_administrator, leave_by_removal])
async def test_a_site_that_leaves_the_group_ends_what_follows_its_scans_at_once_and_nothing_else(live, mei, leave):
    whole = (await mei.add_key())["key"]
    async with AsyncExitStack() as stack:
        following, idle, other = [
            await stack.enter_async_context(socket_with(live, key)) for key in (mei.key, mei.key, whole)
        ]
        for client in (following, idle, other):
            await client.until("connection_established")
        await following.follow(mei.inside)
        await other.follow(mei.inside)
        stream = await stack.enter_async_context(events_of(live, mei.key, mei.inside))
        await leave(mei)
        async with asyncio.timeout(WITHIN_S):
            assert await ending(following) == (4500, "role_changed")
            assert (await read_to_end(stream)).endswith(": role_changed\n\n")
        for client in (idle, other):
            await client.send(type="ping")
            await client.until("pong")
        assert await denied_by(idle, mei.inside) == "not_found"
    assert await in_rest(live, mei.key, f"/tasks/{mei.inside}") == NOT_FOUND
    assert await in_events(live, mei.key, mei.inside) == NOT_FOUND
    assert await in_rest(live, mei.key, f"/sites/{mei.sites['a.example']}") == NOT_FOUND


async def test_a_change_that_leaves_the_site_in_the_group_ends_nothing(live, mei):
    async with socket_with(live, mei.key) as client:
        await client.until("connection_established")
        await client.follow(mei.inside)
        await mei.move("a.example", "North")
        await mei.move("b.example", None)
        await live.until_hinted(mei.user_id)
        await mei.cancel("a.example")
        await client.until("task_completed", task_id=mei.inside)


async def test_auth_takes_no_key_of_another_group_nor_a_key_for_all(live, mei):
    other = await mei.add_wide_key(*SCOPES, group="South")
    same = (await mei.add_key("read", group="North"))["key"]
    whole = (await mei.add_key())["key"]
    for token, taken in ((same, True), (other, False), (whole, False), (mei.token, False)):
        async with socket_with(live, mei.key) as client:
            await client.until("connection_established")
            await client.send(type="auth", token=token)
            if taken:
                assert (await client.until("auth_result"))["success"]
            else:
                async with asyncio.timeout(WITHIN_S):
                    assert await ending(client) == (4500, "role_changed")
