"""What is around the interface: its description, headers, origins, and the page."""

import re

import pytest

from tests.support.house import House, open_house

# The names that issue, README and scripts rely on.
OPERATIONS = {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/password"),
    ("GET", "/api/v1/auth/me"),
    ("POST", "/api/v1/tasks"),
    ("GET", "/api/v1/tasks"),
    ("GET", "/api/v1/tasks/{task_id}"),
    ("DELETE", "/api/v1/tasks/{task_id}"),
    ("POST", "/api/v1/tasks/{task_id}/cancel"),
    ("POST", "/api/v1/tasks/{task_id}/retry"),
    ("GET", "/api/v1/tasks/{task_id}/subdomains"),
    ("GET", "/api/v1/tasks/{task_id}/pages"),
    ("GET", "/api/v1/tasks/{task_id}/third-parties"),
    ("GET", "/api/v1/tasks/{task_id}/violations"),
    ("GET", "/api/v1/tasks/{task_id}/report"),
    ("POST", "/api/v1/monitor/ws/ticket"),
    ("GET", "/api/v1/monitor/ws/stats"),
    ("POST", "/api/v1/monitor/ws/broadcast"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/status"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/logs"),
    ("GET", "/api/v1/monitor/tasks/{task_id}/events"),
    ("GET", "/api/v1/admin/users"),
    ("POST", "/api/v1/admin/users"),
    ("GET", "/api/v1/admin/users/{user_id}"),
    ("PATCH", "/api/v1/admin/users/{user_id}"),
    ("DELETE", "/api/v1/admin/users/{user_id}"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
}


async def description(house: House) -> dict:
    return (await house.client.get("/openapi.json")).json()


async def test_the_interface_is_what_was_promised(house):
    paths = (await description(house))["paths"]
    found = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert found == OPERATIONS


async def test_every_operation_but_the_open_ones_asks_who_one_is(house):
    open_ones = {"/api/v1/auth/login", "/api/v1/auth/refresh", "/livez", "/readyz"}
    for method, path in OPERATIONS:
        answer = await house.client.request(method, path.format(task_id="x", user_id="x"), json={})
        assert (answer.status_code == 401) == (path not in open_ones), (method, path)


async def test_the_documentation_is_one_page_that_needs_nobody_else(house):
    answer = await house.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    for _, path in OPERATIONS:
        assert f" {path}</code>" in answer.text
    assert "<script" not in answer.text
    assert "//" not in re.sub(r"https?</", "", answer.text.replace("<!doctype html>", ""))
    for name in re.findall(r'href="#(\w+)"', answer.text):
        assert f'id="{name}"' in answer.text


@pytest.mark.parametrize("path", ["/docs", "/api/v1/tasks", "/nope", "/static/nope.js"])
async def test_browsers_are_told_to_be_careful(house, path):
    answer = await house.client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")


async def test_other_origins_are_let_in_by_name_only(tmp_path):
    asking = {"Origin": "https://panel.example", "Access-Control-Request-Method": "GET"}
    async with open_house(tmp_path / "a") as house:
        assert (
            "access-control-allow-origin" not in (await house.client.options("/api/v1/tasks", headers=asking)).headers
        )
    async with open_house(tmp_path / "b", allowed_origins=("https://panel.example",)) as house:
        answer = await house.client.options("/api/v1/tasks", headers=asking)
        assert answer.headers["access-control-allow-origin"] == "https://panel.example"
        other = await house.client.options("/api/v1/tasks", headers={**asking, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_the_page_and_its_parts_are_served(house):
    page = await house.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    parts = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
    assert parts
    for part in parts:
        assert (await house.client.get(f"/{part}")).status_code == 200
    assert (await house.client.post("/")).status_code == 405
