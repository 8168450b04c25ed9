"""Sites over the real application: added, changed, imported, scanned and removed, each user's own."""

import asyncio
import json
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from app.api.router import build_router
from app.core.clock import SystemClock, to_wire
from app.domain.verdict import Result
from app.events.tables import scan_tasks
from app.sites import csv_import, service
from tests.integration.test_api_orders import finish
from tests.support.backend import Backend, problem
from tests.support.said import said

MISSING = "01234567-89ab-7cde-8f01-23456789abcd"
SITES = "/api/v1/sites"
NIGHTLY = {"cron": "0 3 * * *", "time_zone": "Asia/Shanghai"}
PLACES = [
    ("GET", "{}", None),
    ("PATCH", "{}", {"paused": True}),
    ("DELETE", "{}", None),
    ("POST", "{}/run", None),
    ("GET", "{}/scans", None),
]


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


async def ask(backend: Backend, headers, method, path="", body=None):
    return await backend.client.request(method, f"{SITES}{path}", json=body, headers=headers)


async def add(backend: Backend, headers, target="a.example", **more):
    answer = await ask(backend, headers, "POST", "", {"target_domain": target, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(backend: Backend, headers, query=""):
    answer = await ask(backend, headers, "GET", query and f"?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(backend: Backend, headers, query=""):
    return [site["target_domain"] for site in (await listed(backend, headers, query))["items"]]


async def test_a_site_is_added_with_all_that_it_has_and_shown_with_its_next_runs(backend, mei):
    made = await add(
        backend, mei, "A.Example.", group="Branches", tags=["shop", "cn", "shop"], config={"max_pages": 7},
        schedule=NIGHTLY, overdue_after_days=3,
    )  # fmt: skip
    assert (made["target_domain"], made["group"], made["tags"]) == ("a.example", "Branches", ["cn", "shop"])
    assert (made["config"], made["schedule"]) == ({"max_pages": 7}, {**NIGHTLY, "every_hours": None})
    assert (made["paused"], made["overdue_after_days"], made["overdue_since"]) == (False, 3, None)
    assert (made["last_run"], made["last_scan"], made["unfinished"], made["finding_counts"]) == (None, None, None, {})
    assert made["trend"] == [0] * 30
    assert len(made["next_runs"]) == 5
    assert made["next_run_at"] == made["next_runs"][0]
    assert made["next_run_at"][11:13] == "19"  # 03:00 in Shanghai, and up to half an hour later
    assert await listed(backend, mei) == {
        "items": [{name: value for name, value in made.items() if name != "next_runs"}],
        "total": 1,
    }
    assert (await ask(backend, mei, "GET", f"/{made['id']}")).json() == made


async def test_a_user_has_a_domain_once_and_another_user_may_have_it_as_well(backend, mei):
    await add(backend, mei)
    answer = await ask(backend, mei, "POST", "", {"target_domain": "a.example"})
    assert (answer.status_code, answer.json()["code"]) == (409, "site_exists")
    await add(backend, await backend.add_user("lin"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"target_domain": "https://a.example/"}, "target_is_url"),
        ({"target_domain": "a.example", "config": {"start_urls": ["https://b.example/"]}}, "start_url_outside_target"),
    ],
)
async def test_what_cannot_be_scanned_is_no_site(backend, mei, body, code):
    answer = await ask(backend, mei, "POST", "", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await names(backend, mei) == []


@pytest.mark.parametrize(
    ("schedule", "field", "code"),
    [
        ({"cron": "0 3 * *"}, "body.schedule.cron", "cron_invalid"),
        ({"cron": "*/5 * * * *"}, "body.schedule.cron", "cron_too_often"),
        ({"cron": "0 0 */29 2 MON#5"}, "body.schedule.cron", "cron_never"),
        ({"cron": "0 3 * * *", "time_zone": "Mars/Base"}, "body.schedule.time_zone", "time_zone"),
        ({"cron": "0 3 * * *", "every_hours": 4}, "body.schedule", "schedule_choice"),
        ({}, "body.schedule", "schedule_choice"),
        ({"every_hours": 0}, "body.schedule.every_hours", "greater_than_equal"),
    ],
)
async def test_a_schedule_that_cannot_be_kept_is_refused_by_its_field(backend, mei, schedule, field, code):
    for path, body in (("", {"target_domain": "a.example", "schedule": schedule}), ("/schedule", schedule)):
        answer = await ask(backend, mei, "POST", path, body)
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["field"], fault["code"]) == (field if path == "" else field.replace(".schedule", ""), code)


async def test_a_schedule_is_shown_before_it_is_set(backend, mei):
    answer = await ask(backend, mei, "POST", "/schedule", NIGHTLY)
    shown = answer.json()
    assert (answer.status_code, shown["spread_s"], len(shown["next_runs"])) == (200, 1_800, 5)
    assert {at[11:19] for at in shown["next_runs"]} == {"19:00:00"}


async def test_only_what_is_sent_changes_and_a_new_schedule_is_planned_from_now(backend, mei):
    made = await add(backend, mei, group="Branches", tags=["cn"], schedule=NIGHTLY, config={"max_pages": 7})
    path = f"/{made['id']}"
    changed = (await ask(backend, mei, "PATCH", path, {"tags": ["b"]})).json()
    assert changed == {**made, "tags": ["b"]}
    paused = (await ask(backend, mei, "PATCH", path, {"paused": True})).json()
    assert (paused["next_run_at"], paused["next_runs"], paused["schedule"]) == (None, [], made["schedule"])
    resumed = (await ask(backend, mei, "PATCH", path, {"paused": False})).json()
    assert resumed["next_runs"] == made["next_runs"]
    hourly = (await ask(backend, mei, "PATCH", path, {"schedule": {"every_hours": 1}})).json()
    assert hourly["schedule"] == {"cron": None, "time_zone": "UTC", "every_hours": 1}
    assert hourly["next_run_at"] < to_wire(SystemClock().now() + timedelta(hours=1, seconds=1_800))
    nothing = {"schedule": None, "group": None, "config": None, "overdue_after_days": None}
    bare = (await ask(backend, mei, "PATCH", path, nothing)).json()
    assert [bare[name] for name in ("schedule", "group", "config", "next_run_at")] == [None, None, {}, None]
    assert (await ask(backend, mei, "PATCH", path, {"tags": None})).status_code == 422
    assert (
        await ask(backend, mei, "PATCH", path, {"config": {"start_urls": ["https://b.example/"]}})
    ).status_code == 422


async def test_a_site_of_somebody_else_is_missing_and_administrators_have_all(backend, mei):
    made = await add(backend, mei)
    other, admin = await backend.add_user("lin"), await backend.login()
    for site_id in (made["id"], MISSING, "no-id"):
        for method, path, body in PLACES:
            answer = await ask(backend, other, method, "/" + path.format(site_id), body)
            assert (answer.status_code, problem(answer)["detail"]) == (404, str(said("error.no_such_site", "zh-CN")))
    assert await names(backend, other) == []
    assert await names(backend, admin) == ["a.example"]
    run = await ask(backend, admin, "POST", f"/{made['id']}/run")
    assert (run.status_code, run.json()["user_id"]) == (201, made["user_id"])


async def test_lists_are_filtered_by_group_tag_and_text(backend, mei):
    await add(backend, mei, "a.example", group="North", tags=["shop"])
    await add(backend, mei, "b.example", group="North")
    await add(backend, mei, "c1.test", tags=["shop", "cn"])
    assert await names(backend, mei, "group=North") == ["a.example", "b.example"]
    assert await names(backend, mei, "tag=shop") == ["a.example", "c1.test"]
    assert await names(backend, mei, "q=exam&tag=shop") == ["a.example"]
    assert await names(backend, mei, "q=%25") == []
    assert await names(backend, mei, "target_domain=b.example") == ["b.example"]
    assert await names(backend, mei, "overdue=true") == []
    assert await names(backend, mei, "page=2&page_size=2") == ["c1.test"]
    labels = (await ask(backend, mei, "GET", "/labels")).json()
    assert labels == {
        "groups": [{"name": "North", "sites": 2}],
        "tags": [{"name": "cn", "sites": 1}, {"name": "shop", "sites": 2}],
    }


async def test_scans_of_the_owner_and_the_domain_belong_to_a_site_also_those_from_before(backend, mei):
    before = await backend.add_task(mei, "a.example")
    await backend.add_task(await backend.add_user("lin"), "a.example")
    made = await add(backend, mei)
    assert made["unfinished"] == {"task_id": before, "status": "pending", "progress": 0}
    await finish(backend, before, Result.VIOLATIONS, high=1)
    after = (await ask(backend, mei, "POST", f"/{made['id']}/run")).json()["id"]
    scans = (await ask(backend, mei, "GET", f"/{made['id']}/scans")).json()
    assert ([task["id"] for task in scans["items"]], scans["total"]) == ([after, before], 2)
    shown = (await ask(backend, mei, "GET", f"/{made['id']}")).json()
    assert (shown["last_scan"]["task_id"], shown["last_scan"]["verdict"]["result"]) == (before, "violations")
    assert shown["last_conclusive_at"] == shown["last_scan"]["completed_at"]
    assert (shown["unfinished"]["task_id"], shown["finding_counts"]["high"], shown["trend"][-2:]) == (after, 1, [0, 1])


async def test_of_a_site_one_scan_runs_at_a_time(backend, mei):
    made = await add(backend, mei, config={"max_pages": 7})
    first = await ask(backend, mei, "POST", f"/{made['id']}/run")
    assert (first.status_code, first.json()["config"]["max_pages"], backend.runner.woken) == (201, 7, 1)
    again = await ask(backend, mei, "POST", f"/{made['id']}/run")
    assert (again.status_code, again.json()["code"]) == (409, "site_busy")
    other = await add(backend, mei, "b.example")
    runs = await asyncio.gather(*(ask(backend, mei, "POST", f"/{other['id']}/run") for _ in range(2)))
    assert sorted(one.status_code for one in runs) == [201, 409]


def answering_with_a_site():
    """The names of the routes whose answers have a site, or many."""
    routes = [route for part in build_router().routes for route in part.effective_route_contexts()]
    models = {route.name: model for route in routes if (model := getattr(route, "response_model", None))}
    return {name for name, model in models.items() if '"overdue_since"' in json.dumps(TypeAdapter(model).json_schema())}


async def add_key(backend: Backend, headers, *scopes):
    answer = await backend.client.post("/api/v1/auth/keys", json={"name": "k", "scopes": scopes}, headers=headers)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['key']}"}


async def answers_with_a_site(backend: Backend, owner, key, site_id):
    """What each route that answers with a site answers this key."""
    answers = {
        "get_site": await ask(backend, key, "GET", f"/{site_id}"),
        "list_sites": await ask(backend, key, "GET"),
        "change_site": await ask(backend, key, "PATCH", f"/{site_id}", {"tags": ["a"]}),
    }
    await ask(backend, owner, "DELETE", f"/{site_id}")  # its scans stay
    return answers | {"create_site": await ask(backend, key, "POST", "", {"target_domain": "a.example"})}


async def test_a_key_that_may_not_read_sees_of_a_site_nothing_that_a_scan_found(backend, mei):
    await finish(backend, await backend.add_task(mei, "a.example"), Result.VIOLATIONS, high=1)
    site_id = (await add(backend, mei))["id"]
    hidden = await answers_with_a_site(backend, mei, await add_key(backend, mei, "scan"), site_id)
    site_id = hidden["create_site"].json()["id"]
    shown = await answers_with_a_site(backend, mei, await add_key(backend, mei, "read", "scan"), site_id)
    assert hidden.keys() == shown.keys() == answering_with_a_site()
    for name in ("get_site", "list_sites"):
        assert (hidden[name].status_code, problem(hidden[name])["code"]) == (403, "insufficient_scope")
        assert shown[name].status_code == 200
    for name in ("change_site", "create_site"):
        less, all_of_it = hidden[name].json(), shown[name].json()
        last = all_of_it["last_scan"]
        assert (last["verdict"]["result"], all_of_it["last_conclusive_at"]) == ("violations", last["completed_at"])
        assert (all_of_it["finding_counts"]["high"], all_of_it["trend"][-1]) == (1, 1)
        assert less["last_scan"] == {**last, "verdict": None}
        assert [less[key] for key in ("finding_counts", "trend", "last_conclusive_at")] == [{}, [], None]


async def test_a_site_is_removed_and_its_scans_stay_unless_they_are_asked_for(backend, mei):
    made = await add(backend, mei, tags=["cn"])
    task = await backend.add_task(mei, "a.example")
    assert (await ask(backend, mei, "DELETE", f"/{made['id']}")).status_code == 204
    assert (await ask(backend, mei, "GET", f"/{made['id']}")).status_code == 404
    assert (await backend.client.get(f"/api/v1/tasks/{task}", headers=mei)).status_code == 200
    again = await add(backend, mei)
    busy = await ask(backend, mei, "DELETE", f"/{again['id']}?delete_scans=true")
    assert (busy.status_code, busy.json()["code"]) == (409, "task_running")
    await finish(backend, task)
    assert (await ask(backend, mei, "DELETE", f"/{again['id']}?delete_scans=true")).status_code == 204
    assert (await backend.client.get(f"/api/v1/tasks/{task}", headers=mei)).status_code == 404
    assert (await ask(backend, mei, "GET", "/labels")).json() == {"groups": [], "tags": []}


async def test_a_group_is_scanned_as_one_order_each_site_with_its_options(backend, mei):
    await add(backend, mei, "a.example", group="North", config={"max_pages": 7})
    busy = await add(backend, mei, "b.example", group="North")
    await add(backend, mei, "c.example", group="North")
    await add(backend, mei, "d.example", group="South")
    await ask(backend, mei, "POST", f"/{busy['id']}/run")
    answer = await ask(backend, mei, "POST", "/run", {"group": "North"})
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["title"], order["targets"], order["config"]) == ("North", 2, {})
    assert [one["target_domain"] for one in order["properties"]] == ["a.example", "c.example"]
    tasks = (await backend.client.get("/api/v1/tasks?sort=target_domain", headers=mei)).json()["items"]
    assert [(task["target_domain"], task["config"]["max_pages"]) for task in tasks] == [
        ("a.example", 7),
        ("b.example", 5_000),
        ("c.example", 5_000),
    ]
    again = await ask(backend, mei, "POST", "/run", {"group": "North"})
    assert (again.status_code, again.json()["code"]) == (409, "site_busy")
    nobody = await ask(backend, await backend.add_user("lin"), "POST", "/run", {"group": "North"})
    assert (nobody.status_code, problem(nobody)["detail"]) == (404, str(said("error.no_such_group", "zh-CN")))


async def test_a_group_with_more_sites_than_an_order_takes_is_refused(backend, mei, monkeypatch):
    monkeypatch.setattr(service, "MAX_TARGETS", 1)
    await add(backend, mei, "a.example", group="North")
    await add(backend, mei, "b.example", group="North")
    answer = await ask(backend, mei, "POST", "/run", {"group": "North"})
    assert (answer.status_code, answer.json()["code"]) == (422, "group_too_large")


async def test_a_site_of_a_disabled_user_is_not_scanned(backend, mei):
    made, admin = await add(backend, mei), await backend.login()
    await backend.services.users.update(made["user_id"], {"is_active": False}, by="test")
    answer = await ask(backend, admin, "POST", f"/{made['id']}/run")
    assert (answer.status_code, answer.json()["code"]) == (409, "owner_disabled")


async def send(backend: Backend, headers, text, **more):
    answer = await ask(backend, headers, "POST", "/import", {"csv": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_line_of_an_import_is_judged_by_itself(backend, mei):
    known = await add(backend, mei, "known.example", group="Old")
    text = (
        "\ufefftarget_domain,group,tags,cron,time_zone,every_hours,paused,max_pages,screenshots\r\n"
        'A.example,"Branches, north",cn shop,0 3 * * MON-FRI,Asia/Shanghai,,,500,no\r\n'
        "\r\n"
        "https://b.example/,,,,,,,,\r\n"
        "c.example,,,0 3 * *,,,,,\r\n"
        "d.example,,,,,x,,,\r\n"
        "e.example,,,,Asia/Shanghai,,,,\r\n"
        "known.example,New,,,,,,,\r\n"
        "f.example,,,,,24,true,,\r\n"
        "a.example,,,,,,,,\r\n"
        "g.example,,,,,,,0,maybe\r\n"
        "h.example,,,,,,,,,one too many\r\n"
    )
    report = await send(backend, mei, text)
    assert (report["added"], report["existing"], report["refused"]) == (2, 2, 6)
    found = [
        (one["line"], one["target_domain"], one["status"], [(error["field"], error["code"]) for error in one["errors"]])
        for one in report["lines"]
    ]
    assert found == [
        (2, "a.example", "added", []),
        (4, "https://b.example/", "refused", [("target_domain", "target_is_url")]),
        (5, "c.example", "refused", [("cron", "cron_invalid")]),
        (6, "d.example", "refused", [("every_hours", "int_type")]),
        (7, "e.example", "refused", [("cron", "schedule_choice")]),
        (8, "known.example", "exists", []),
        (9, "f.example", "added", []),
        (10, "a.example", "exists", []),
        (11, "g.example", "refused", [("max_pages", "greater_than_equal"), ("screenshots", "bool_type")]),
        (12, "h.example", "refused", [("target_domain", "csv_cells")]),
    ]
    assert report["lines"][5]["site_id"] == known["id"]
    assert report["lines"][7]["site_id"] == report["lines"][0]["site_id"] is not None
    a, f, old = (await listed(backend, mei))["items"]
    assert (a["group"], a["tags"], a["config"]) == (
        "Branches, north",
        ["cn", "shop"],
        {"max_pages": 500, "screenshots": False},
    )
    assert a["schedule"] == {"cron": "0 3 * * MON-FRI", "time_zone": "Asia/Shanghai", "every_hours": None}
    assert (f["schedule"]["every_hours"], f["paused"], old["group"]) == (24, True, "Old")


async def test_an_import_can_be_tried_and_says_what_it_would_do(backend, mei):
    await add(backend, mei, "b.example")
    report = await send(backend, mei, "target_domain;group\na.example;North\nb.example;North\n", dry_run=True)
    assert [(one["target_domain"], one["status"]) for one in report["lines"]] == [
        ("a.example", "added"),
        ("b.example", "exists"),
    ]
    assert await names(backend, mei) == ["b.example"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("domain\na.example\n", "csv_columns"),
        ("target_domain,target_domain\n", "csv_columns"),
        ("target_domain,start_urls\n", "csv_columns"),
        ('target_domain\n"a.example\n', "csv_unreadable"),
        ("target_domain\n" + "a.example\n" * (csv_import.MAX_LINES + 1), "csv_lines"),
    ],
)
async def test_what_is_no_table_of_sites_is_refused_as_a_whole(backend, mei, text, code):
    answer = await ask(backend, mei, "POST", "/import", {"csv": text})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await names(backend, mei) == []


async def test_a_long_list_is_added_until_the_user_has_as_many_sites_as_there_may_be(backend, mei, monkeypatch):
    monkeypatch.setattr(service, "MAX_SITES", 120)
    known = [f"known-{number}.example" for number in range(10)]
    await send(backend, mei, "\n".join(["target_domain", *known]))
    new = [f"site-{number}.example" for number in range(120)]
    text = "\n".join(["target_domain", *new[:100], *known, *new[100:], new[0], new[-1]])
    for dry_run in (True, False):  # a check says what an import does
        report = await send(backend, mei, text, dry_run=dry_run)
        assert (report["added"], report["existing"], report["refused"]) == (110, 11, 11)
        statuses = {one["target_domain"]: one["status"] for one in report["lines"]}
        assert {statuses[target] for target in known} == {"exists"}
        assert {statuses[target] for target in new[110:]} == {"refused"}
        assert [one["status"] for one in report["lines"][-2:]] == ["exists", "refused"]
        assert {error["code"] for one in report["lines"] for error in one["errors"]} == {"site_limit"}
    assert (await listed(backend, mei, "page_size=1"))["total"] == 120
    for target, code in (("one.more", "site_limit"), (known[0], "site_exists")):
        answer = await ask(backend, mei, "POST", "", {"target_domain": target})
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_reader_sees_what_is_wrong_with_a_line_in_their_language(backend, mei):
    for language in ("en", "zh-CN"):
        report = await send(backend, {**mei, "Accept-Language": language}, "target_domain\n10.0.0.1\n")
        alone = await ask(backend, {**mei, "Accept-Language": language}, "POST", "", {"target_domain": "10.0.0.1"})
        assert report["lines"][0]["errors"][0]["message"] == alone.json()["detail"]


async def test_what_people_do_with_sites_is_in_the_audit_log(backend, mei):
    made = await add(backend, mei, group="North")
    await ask(backend, mei, "PATCH", f"/{made['id']}", {"paused": True})
    await ask(backend, mei, "POST", f"/{made['id']}/run")
    await send(backend, mei, "target_domain\nb.example\n")
    await ask(backend, mei, "DELETE", f"/{made['id']}")
    await backend.services.audit.flush()
    answer = await backend.client.get("/api/v1/admin/audit", headers=await backend.login())
    rows = [row for row in answer.json()["items"] if row["action"].startswith("site.")]
    assert sorted(row["action"] for row in rows) == [
        "site.create",
        "site.delete",
        "site.import",
        "site.run",
        "site.update",
    ]


async def test_the_sites_of_a_user_go_with_the_user(backend, mei):
    await add(backend, mei, schedule={"every_hours": 1})
    admin = await backend.login()
    users = (await backend.client.get("/api/v1/admin/users", headers=admin)).json()["items"]
    user_id = next(user["id"] for user in users if user["username"] == "mei")
    assert (await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=admin)).status_code == 204
    assert await names(backend, admin) == []
    rows = await backend.services.db.read(lambda c: c.execute(scan_tasks.select()).all())
    assert rows == []
