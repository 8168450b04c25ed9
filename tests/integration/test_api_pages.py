"""What is around the interface: its description, headers, origins, and the page."""

import re
from urllib.parse import urljoin

import pytest

from app.api.middleware import PAGE_POLICY
from tests.support.backend import Backend, open_backend
from tests.support.said import said

# The names that issue, README and scripts rely on.
OPERATIONS = {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/logout-everywhere"),
    ("POST", "/api/v1/auth/cookie/login"),
    ("POST", "/api/v1/auth/cookie/refresh"),
    ("POST", "/api/v1/auth/cookie/logout"),
    ("POST", "/api/v1/auth/password"),
    ("GET", "/api/v1/auth/me"),
    ("GET", "/api/v1/overview"),
    ("GET", "/api/v1/search"),
    ("POST", "/api/v1/tasks"),
    ("GET", "/api/v1/tasks"),
    ("POST", "/api/v1/orders"),
    ("GET", "/api/v1/orders"),
    ("GET", "/api/v1/orders/{order_id}"),
    ("DELETE", "/api/v1/orders/{order_id}"),
    ("POST", "/api/v1/orders/{order_id}/cancel"),
    ("GET", "/api/v1/orders/{order_id}/report"),
    ("GET", "/api/v1/tasks/{task_id}"),
    ("DELETE", "/api/v1/tasks/{task_id}"),
    ("POST", "/api/v1/tasks/{task_id}/cancel"),
    ("POST", "/api/v1/tasks/{task_id}/retry"),
    ("GET", "/api/v1/tasks/{task_id}/attempts"),
    ("GET", "/api/v1/tasks/{task_id}/subdomains"),
    ("GET", "/api/v1/tasks/{task_id}/pages"),
    ("GET", "/api/v1/tasks/{task_id}/third-parties"),
    ("GET", "/api/v1/tasks/{task_id}/violations"),
    ("GET", "/api/v1/tasks/{task_id}/report"),
    ("GET", "/api/v1/tasks/{task_id}/findings"),
    ("GET", "/api/v1/tasks/{task_id}/findings/{finding_id}"),
    ("PUT", "/api/v1/tasks/{task_id}/findings/{finding_id}/decision"),
    ("PUT", "/api/v1/tasks/{task_id}/findings/{finding_id}/assignment"),
    ("GET", "/api/v1/tasks/{task_id}/findings/{finding_id}/comments"),
    ("POST", "/api/v1/tasks/{task_id}/findings/{finding_id}/comments"),
    ("GET", "/api/v1/review"),
    ("GET", "/api/v1/tasks/{task_id}/third-parties/{domain}"),
    ("GET", "/api/v1/tasks/{task_id}/references"),
    ("GET", "/api/v1/tasks/{task_id}/pages/{page_id}"),
    ("GET", "/api/v1/tasks/{task_id}/captures/{sha256}"),
    ("POST", "/api/v1/monitor/ws/ticket"),
    ("GET", "/api/v1/monitor/ws/stats"),
    ("POST", "/api/v1/monitor/ws/broadcast"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/status"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/logs"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/events"),
    ("PUT", "/api/v1/tasks/{task_id}/priority"),
    ("PUT", "/api/v1/tasks/{task_id}/hold"),
    ("DELETE", "/api/v1/tasks/{task_id}/hold"),
    ("GET", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions"),
    ("DELETE", "/api/v1/auth/sessions/{session_id}"),
    ("DELETE", "/api/v1/auth/keys"),
    ("GET", "/api/v1/auth/keys"),
    ("POST", "/api/v1/auth/keys"),
    ("DELETE", "/api/v1/auth/keys/{key_id}"),
    ("GET", "/api/v1/channels"),
    ("POST", "/api/v1/channels"),
    ("DELETE", "/api/v1/channels/{channel_id}"),
    ("PATCH", "/api/v1/channels/{channel_id}"),
    ("POST", "/api/v1/channels/{channel_id}/test"),
    ("GET", "/api/v1/deliveries"),
    ("POST", "/api/v1/deliveries/{delivery_id}/resend"),
    ("GET", "/api/v1/notifications"),
    ("POST", "/api/v1/notifications/read"),
    ("GET", "/api/v1/rules"),
    ("POST", "/api/v1/rules"),
    ("DELETE", "/api/v1/rules/{rule_id}"),
    ("PUT", "/api/v1/rules/{rule_id}"),
    ("GET", "/api/v1/sites"),
    ("POST", "/api/v1/sites"),
    ("POST", "/api/v1/sites/import"),
    ("GET", "/api/v1/sites/labels"),
    ("POST", "/api/v1/sites/run"),
    ("POST", "/api/v1/sites/schedule"),
    ("DELETE", "/api/v1/sites/{site_id}"),
    ("GET", "/api/v1/sites/{site_id}"),
    ("PATCH", "/api/v1/sites/{site_id}"),
    ("POST", "/api/v1/sites/{site_id}/run"),
    ("GET", "/api/v1/sites/{site_id}/scans"),
    ("GET", "/api/v1/tasks/{task_id}/diff"),
    ("GET", "/api/v1/tasks/{task_id}/links"),
    ("POST", "/api/v1/tasks/{task_id}/links"),
    ("DELETE", "/api/v1/tasks/{task_id}/links/{link_id}"),
    ("GET", "/api/v1/third-parties"),
    ("GET", "/api/v1/third-parties/{domain}"),
    ("GET", "/api/v1/third-party-services"),
    ("GET", "/api/v1/third-party-services/sites"),
    ("GET", "/api/v1/admin/audit"),
    ("GET", "/api/v1/admin/connections"),
    ("DELETE", "/api/v1/admin/connections/{connection_id}"),
    ("GET", "/api/v1/tasks/defaults"),
    ("GET", "/api/v1/admin/configuration"),
    ("PUT", "/api/v1/admin/configuration"),
    ("GET", "/api/v1/admin/configuration/versions"),
    ("POST", "/api/v1/admin/configuration/versions/{number}/restore"),
    ("POST", "/api/v1/admin/configuration/reading-model/test"),
    ("GET", "/api/v1/admin/local-reader"),
    ("PUT", "/api/v1/admin/local-reader"),
    ("GET", "/api/v1/admin/local-reader/versions/{number}"),
    ("GET", "/api/v1/admin/lists"),
    ("POST", "/api/v1/admin/lists/{name}/take-shrunk"),
    ("GET", "/api/v1/admin/metrics"),
    ("GET", "/api/v1/admin/workers"),
    ("GET", "/api/v1/admin/users"),
    ("POST", "/api/v1/admin/users"),
    ("GET", "/api/v1/admin/users/{user_id}"),
    ("PATCH", "/api/v1/admin/users/{user_id}"),
    ("DELETE", "/api/v1/admin/users/{user_id}"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
}


def parts_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(static/[^"]+)"', page)


async def description(backend: Backend) -> dict:
    return (await backend.client.get("/openapi.json")).json()


async def test_the_interface_is_what_was_promised(backend):
    paths = (await description(backend))["paths"]
    found = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert found == OPERATIONS


async def test_every_operation_but_the_open_ones_asks_who_one_is(backend):
    open_ones = {"/api/v1/auth/login", "/api/v1/auth/refresh", "/livez", "/readyz"}
    for method, path in OPERATIONS:
        if path.startswith("/api/v1/auth/cookie/"):  # tests/integration/test_api_cookie_auth.py
            continue
        answer = await backend.client.request(method, re.sub(r"{\w+}", "x", path), json={})
        assert (answer.status_code == 401) == (path not in open_ones), (method, path)


async def test_the_page_about_the_real_time_protocol_is_made_of_our_own_files_alone(backend):
    answer = await backend.client.get("/asyncapi")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert not re.search(r"<script(?![^>]* src=)[^>]*>|<style|\son\w+=|style=|//", answer.text)
    scripts = [part for part in parts_of(answer.text) if part.endswith(".js")]
    assert len(scripts) == 1
    waiting, seen = [f"/{part}" for part in parts_of(answer.text)], set()
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        served = await backend.client.get(part)
        assert served.status_code == 200, part
        waiting += [urljoin(part, name) for name in re.findall(r'^import .*"([^"]+)";$', served.text, re.MULTILINE)]
    assert {"/static/reference/page.js", "/static/app.css", "/static/locales/en.js"} <= seen


@pytest.mark.parametrize(("path", "document"), [("/docs", "openapi.json"), ("/asyncapi", "asyncapi.json")])
async def test_who_runs_no_scripts_is_shown_the_way_to_the_document(backend, path, document):
    page = (await backend.client.get(path)).text
    assert f'<a href="{document}' in (page if "<noscript>" not in page else page.partition("<noscript>")[2])
    assert (await backend.client.get(f"/{document}")).headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_a_document_speaks_the_reader_s_language_and_english_to_programs(backend, path):
    plain = await backend.client.get(path)
    chinese = await backend.client.get(path, params={"lang": "zh"})
    by_header = await backend.client.get(path, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert (plain.headers["content-language"], chinese.headers["content-language"]) == ("en", "zh-CN")
    assert plain.json()["info"]["title"].startswith("Domain Compliance Scanner")
    assert chinese.json()["info"]["title"].startswith("域名合规扫描")
    assert by_header.content == chinese.content
    known = {"If-None-Match": plain.headers["etag"]}
    assert (await backend.client.get(path, headers=known)).status_code == 304
    assert (await backend.client.get(path, params={"lang": "zh"}, headers=known)).status_code == 200


async def test_the_chinese_description_has_chinese_problems(backend):
    operation = (await backend.client.get("/openapi.json?lang=zh")).json()["paths"]["/api/v1/tasks"]["post"]
    refused = operation["responses"]["429"]
    assert refused["description"] == "请求过多：`task_limit`"
    example = refused["content"]["application/problem+json"]["examples"]["task_limit"]["value"]
    assert (example["title"], example["detail"]) == ("请求过多", said("error.task_limit", "zh-CN", limit=20))


@pytest.mark.parametrize("path", ["/docs", "/api/v1/tasks", "/nope", "/static/nope.js"])
async def test_browsers_are_told_to_be_careful(backend, path):
    answer = await backend.client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")


async def test_other_origins_are_let_in_by_name_only(tmp_path):
    asking = {"Origin": "https://panel.example", "Access-Control-Request-Method": "GET"}
    async with open_backend(tmp_path / "a") as backend:
        assert (
            "access-control-allow-origin" not in (await backend.client.options("/api/v1/tasks", headers=asking)).headers
        )
    async with open_backend(tmp_path / "b", allowed_origins=("https://panel.example",)) as backend:
        answer = await backend.client.options("/api/v1/tasks", headers=asking)
        assert answer.headers["access-control-allow-origin"] == "https://panel.example"
        other = await backend.client.options("/api/v1/tasks", headers={**asking, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_the_page_and_its_parts_are_served(backend):
    page = await backend.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    parts = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', page.text)
    assert parts
    for part in parts:
        assert (await backend.client.get(urljoin("/", part))).status_code == 200
    assert (await backend.client.post("/")).status_code == 405
