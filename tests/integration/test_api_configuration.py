"""The configuration over the real application: what administrators see and change, and what it does to others."""

import pytest

from tests.support.backend import open_backend
from tests.support.model_server import hanging, message, model_server
from tests.support.said import said

URL = "/api/v1/admin/configuration"


async def change(backend, headers, version, **values):
    return await backend.client.put(URL, json={"version": version, "values": values}, headers=headers)


def setting(answer, name):
    return next(one for one in answer.json()["settings"] if one["name"] == name)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_each_setting_is_explained_in_the_readers_language(backend, language):
    headers = {**await backend.login(), "Accept-Language": language}
    answer = await backend.client.get(URL, headers=headers)
    assert answer.status_code == 200
    found = setting(answer, "scans_per_user")
    assert (found["title"], found["value"], found["default"], found["is_stored"]) == (
        said("setting.scans_per_user", language),
        2,
        2,
        False,
    )
    assert (found["least"], found["most"], found["kind"], found["group"]) == (1, 64, "integer", "limits")
    assert all(one["description"] for one in answer.json()["settings"])


async def test_no_secret_is_shown(tmp_path):
    secret = "sk-not-for-anybodys-eyes"
    model = {"reading_model_url": "http://127.0.0.1:1/v1", "reading_model_name": "m", "reading_model_key": secret}
    async with open_backend(tmp_path / "data", **model) as backend:
        answer = await backend.client.get(URL, headers=await backend.login())
        assert answer.json()["has_model_key"] is True
        assert secret not in answer.text
        refused = await change(backend, await backend.login(), 0, reading_model_key="sk-other")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "extra_forbidden")


async def test_a_stale_change_and_a_wrong_one_are_refused(backend):
    headers = await backend.login()
    assert (await change(backend, headers, 0, scans_per_user=5)).json()["version"] == 1
    stale = await change(backend, headers, 0, scans_per_user=6)
    assert (stale.status_code, stale.json()["code"]) == (409, "configuration_changed")
    wrong = await change(backend, {**headers, "Accept-Language": "en"}, 1, scans_per_user=0, blocked_targets=["a b"])
    assert wrong.status_code == 422
    assert wrong.json()["errors"] == [
        {
            "field": "body.values.scans_per_user",
            "code": "greater_than_equal",
            "message": said("field.greater_than_equal", ge=1),
        }
    ]
    chinese = await change(backend, {**headers, "Accept-Language": "zh-CN"}, 1, blocked_targets=["a b"])
    assert "域名" in chinese.json()["errors"][0]["message"]


async def test_a_blocked_domain_is_refused_from_the_next_request_on(backend):
    admin, user = await backend.login(), await backend.add_user()
    await change(backend, admin, 0, blocked_targets=["example.com"])
    answer = await backend.client.post("/api/v1/tasks", json={"target_domain": "www.example.com"}, headers=user)
    assert (answer.status_code, answer.json()["code"]) == (403, "target_not_allowed")
    await change(backend, admin, 1)
    await backend.add_task(user, "www.example.com")


async def test_the_limit_of_unfinished_tasks_follows(backend):
    admin, user = await backend.login(), await backend.add_user()
    await change(backend, admin, 0, max_unfinished_tasks_per_user=1)
    await backend.add_task(user)
    answer = await backend.client.post("/api/v1/tasks", json={"target_domain": "example.org"}, headers=user)
    assert (answer.status_code, answer.json()["code"]) == (429, "task_limit")


async def test_a_scan_has_the_defaults_of_the_deployment_where_its_user_says_nothing(backend):
    admin, user = await backend.login(), await backend.add_user()
    await change(backend, admin, 0, default_max_pages=70, default_max_depth=3, default_screenshots=False)
    defaults = (await backend.client.get("/api/v1/tasks/defaults", headers=user)).json()
    assert (defaults["max_pages"], defaults["max_depth"], defaults["screenshots"]) == (70, 3, False)
    asked = {"target_domain": "example.com", "config": {"max_depth": None, "screenshots": True}}
    config = (await backend.client.post("/api/v1/tasks", json=asked, headers=user)).json()["config"]
    assert (config["max_pages"], config["max_depth"], config["screenshots"], config["cloaking"]) == (
        70,
        None,
        True,
        True,
    )


async def test_a_request_is_the_same_although_the_defaults_have_changed(backend):
    admin, user = await backend.login(), await backend.add_user()
    headers, asked = {**user, "Idempotency-Key": "k1"}, {"target_domain": "example.com"}
    first = await backend.client.post("/api/v1/tasks", json=asked, headers=headers)
    await change(backend, admin, 0, default_max_pages=70)
    again = await backend.client.post("/api/v1/tasks", json=asked, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_sessions_are_as_long_as_they_were_made_to_be(backend):
    await change(backend, await backend.login(), 0, access_token_ttl_s=120)
    body = {"username": "admin", "password": "correct horse battery"}
    assert (await backend.client.post("/api/v1/auth/login", json=body)).json()["expires_in"] == 120


async def test_what_waits_for_a_restart_says_so_and_has_its_effect_after_it(tmp_path):
    async with open_backend(tmp_path / "data") as backend:
        answer = await change(backend, await backend.login(), 0, reports_at_once=9)
        found = setting(answer, "reports_at_once")
        assert (found["value"], found["needs_restart"], found["waits_for_restart"]) == (9, True, True)
        assert backend.services.settings.reports_at_once == 4
    async with open_backend(tmp_path / "data") as backend:
        answer = await backend.client.get(URL, headers=await backend.login())
        assert setting(answer, "reports_at_once")["waits_for_restart"] is False
        assert backend.services.settings.reports_at_once == 9


async def test_the_history_says_who_and_what_and_leads_back(backend):
    headers = await backend.login()
    await change(backend, headers, 0, scans_per_user=5)
    await change(backend, headers, 1, scans_per_user=6, blocked_targets=["a.example"])
    page = (await backend.client.get(f"{URL}/versions?page_size=1", headers=headers)).json()
    assert (page["total"], page["items"][0]["version"], page["items"][0]["by"]) == (2, 2, "admin")
    assert page["items"][0]["changes"] == [
        {"name": "blocked_targets", "before": None, "after": ["a.example"]},
        {"name": "scans_per_user", "before": 5, "after": 6},
    ]
    back = await backend.client.post(f"{URL}/versions/1/restore", json={"version": 2}, headers=headers)
    assert (back.status_code, back.json()["version"], setting(back, "scans_per_user")["value"]) == (200, 3, 5)
    gone = await backend.client.post(f"{URL}/versions/77/restore", json={"version": 3}, headers=headers)
    assert gone.status_code == 404


async def test_the_reading_model_is_tried(backend):
    async def ready(_question):
        return message("ready")

    headers = {**await backend.login(), "Accept-Language": "en"}
    async with model_server(ready) as model:
        await change(
            backend, headers, 0, reading_model_url=model.url, reading_model_name="m", reading_model_timeout_s=0.5
        )
        answer = (await backend.client.post(f"{URL}/reading-model/test", headers=headers)).json()
        assert (answer["is_answered"], answer["model"], answer["failure"]) == (True, "m", None)
        model.behave = hanging
        answer = (await backend.client.post(f"{URL}/reading-model/test", headers=headers)).json()
        assert (answer["is_answered"], answer["failure"]) == (False, "timeout")
        assert answer["message"] == said("model_failed.timeout")


async def test_without_a_reading_model_there_is_nothing_to_try(backend):
    answer = await backend.client.post(f"{URL}/reading-model/test", headers=await backend.login())
    assert (answer.status_code, answer.json()["code"]) == (409, "reading_model_missing")
