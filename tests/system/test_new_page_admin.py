"""What an administrator does through the page stands in the API afterwards: a setting, and somebody's connection."""

import asyncio

import httpx
import pytest
from playwright.async_api import expect

from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import Theatre
from tests.system.test_new_page import built, open_new_page, sign_in  # noqa: F401 - a fixture
from tests.system.test_new_page_session import add_user, sign_in_as

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]


async def asked(theatre: Theatre, path: str):
    """What the API says to an administrator."""
    async with httpx.AsyncClient(base_url=f"{theatre.url}/api/v1", timeout=60, trust_env=False) as client:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["access_token"]
        answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def value_of(theatre: Theatre, name: str):
    configuration = await asked(theatre, "/admin/configuration")
    (setting,) = [one for one in configuration["settings"] if one["name"] == name]
    return configuration["version"], setting["value"]


async def await_entry(theatre: Theatre, action: str) -> None:
    """The audit log is written a moment later."""
    async with asyncio.timeout(90):
        while action not in {entry["action"] for entry in (await asked(theatre, "/admin/audit"))["items"]}:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def test_a_setting_is_saved_through_the_page_and_taken_back(browser, theatre):
    assert await value_of(theatre, "scans_per_user") == (0, 2)
    page = await open_new_page(browser, theatre.url, "#/admin/configuration", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    field = page.get_by_label("Concurrent scans per user", exact=True)
    await field.fill("0")
    await page.get_by_role("button", name="Review changes").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.locator(".setting [role=alert]")).to_have_text("must be at least 1")
    assert await value_of(theatre, "scans_per_user") == (0, 2)
    await field.fill("5")
    await page.get_by_role("button", name="Review changes").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Version 1, saved by admin")).to_be_visible()
    assert await value_of(theatre, "scans_per_user") == (1, 5)
    await await_entry(theatre, "configuration.change")
    await page.get_by_role("button", name="Use the default of Concurrent scans per user").click()
    await page.get_by_role("button", name="Review changes").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Version 2, saved by admin")).to_be_visible()
    assert await value_of(theatre, "scans_per_user") == (2, 2)
    assert page.problems == []


async def test_somebodys_connection_is_closed_through_the_page(browser, theatre):
    await add_user(theatre)
    user = await open_new_page(browser, theatre.url, "#/", locale="en")
    await user.wait_for_selector("#username")
    await sign_in_as(user, "mei")
    page = await open_new_page(browser, theatre.url, "#/admin/connections", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".socket th")).to_have_count(2)
    before = (await asked(theatre, "/admin/connections"))["items"]
    (gone,) = [one["connection_id"] for one in before if one["username"] == "mei"]
    await page.get_by_role("button", name="Close the connection of mei").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    await expect(page.locator(".socket th").filter(has_text="admin")).to_have_count(1)
    left = (await asked(theatre, "/admin/connections"))["items"]
    assert gone not in [one["connection_id"] for one in left]
    assert page.problems == []
