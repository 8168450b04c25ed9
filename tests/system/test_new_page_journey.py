"""An officer's journey through the demo's scan: from signing in until all findings are decided and the report is saved.

Nothing touches the page but `Officer`, who keeps a record of it: a click counts as one, a key that is pressed as one,
and what is typed into a field (user name, password, a reason, what is searched for) as one for the whole text.
"""

import asyncio
import faulthandler
import re
import shutil
from io import BytesIO

import httpx
import pypdf
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.backend import ADMIN_PASSWORD
from tests.support.said import said_by_page
from tests.support.scanned import TARGET, scanned_folder
from tests.system.page_support import open_theatre
from tests.system.test_new_page import SCAN_MS, built, open_new_page  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
FINDINGS = 17
MOST_STEPS = 60
MOST_CLICKS_TO_DECIDE = 2  # from signing in to the first decision
SCAN_S = 900  # of the scan that all share, on a busy machine
REASON = "Our own page"
# What was just decided does not lie over the buttons for what is picked.
IN_REACH = """() => {
  const boxOf = (place) => document.querySelector(place)?.getBoundingClientRect();
  const [toast, bar] = [".toast .done", ".bulk[data-some]"].map(boxOf);
  return toast === undefined || toast.bottom <= bar.top;
}"""


class Officer:
    """Somebody at the page; `steps` is the record of what they did, in order."""

    def __init__(self, page, language):
        self.page = page
        self.language = language
        self.steps = []

    def text(self, key, **values):
        return said_by_page(key, self.language, **values)

    async def click(self, name, place):
        self.steps.append(f"click: {name}")
        await place.click()

    async def press(self, *keys):
        for key in keys:
            self.steps.append(f"press: {key}")
            await self.page.keyboard.press(key)

    async def type_in(self, name, text):
        """Where the page has put the focus, or the last click."""
        self.steps.append(f"type: {name}")
        await self.page.keyboard.type(text)

    async def choose(self, select, value):
        """Two clicks: on the field, which opens, and on one of its lines."""
        self.steps += [f"click: {value}, the list", f"click: {value}, its line"]
        await select.select_option(value)

    def clicks_since(self, step):
        return [one for one in self.steps[self.steps.index(step) + 1 :] if one.startswith("click")]

    async def press_button(self, key, within=None):
        name = self.text(key)
        await self.click(name, (within or self.page).get_by_role("button", name=name, exact=True))

    def entry(self, number):
        return self.page.locator(".entry").nth(number)


class Records:
    """What the server holds, by REST."""

    def __init__(self, client, task_id):
        self.client = client
        self.task_id = task_id

    async def findings(self):
        items = (await self.client.get(f"/tasks/{self.task_id}/findings?page_size=200")).json()["items"]
        return {item["finding_id"]: item for item in items}

    async def states(self):
        return {finding_id: item["state"] for finding_id, item in (await self.findings()).items()}

    async def decisions_about(self, finding_id):
        """Every state that was written, in order."""
        entries = (await self.client.get("/admin/audit?action=finding.decide&limit=200")).json()["items"]
        about = [entry["detail"] for entry in entries if finding_id in entry["detail"]["finding"]]
        return [detail["state"] for detail in sorted(about, key=lambda detail: detail["version"])]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    faulthandler.cancel_dump_traceback_later()  # the scan has a limit of its own, longer than that of a test that hangs
    return scanned_folder(tmp_path_factory, screenshots=True, patience_s=SCAN_S)


@pytest_asyncio.fixture(loop_scope="module")
async def served(scanned, tmp_path):
    folder = tmp_path / "data"
    await asyncio.to_thread(shutil.copytree, scanned, folder)
    async with open_theatre(folder) as theatre:
        yield theatre


@pytest_asyncio.fixture(loop_scope="module")
async def records(served):
    async with httpx.AsyncClient(base_url=f"{served.url}/api/v1", timeout=60, trust_env=False) as client:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        (task,) = (await client.get("/tasks")).json()["items"]
        yield Records(client, task["id"])


async def by_mouse(officer, records):
    """One by one, some at once, and then all that are left. Returns the id of the one undone, and the download."""
    page, entry = officer.page, officer.entry
    await officer.type_in("user name", "admin")
    await officer.click("password", page.locator("#password"))
    await officer.type_in("password", ADMIN_PASSWORD)
    await officer.press_button("signin.submit")
    signed_in = officer.steps[-1]
    await officer.click(TARGET, page.get_by_role("link", name=TARGET, exact=True))
    await expect(page.locator(".entry")).to_have_count(FINDINGS)
    await officer.press_button("decision.confirm", entry(0))
    assert len(officer.clicks_since(signed_in)) <= MOST_CLICKS_TO_DECIDE, officer.steps
    await expect(entry(0).locator("[data-decide=confirmed]")).to_have_count(0)
    await officer.press_button("decision.dismiss", entry(1))
    await officer.type_in("reason", REASON)
    await officer.press_button("decision.dismiss", entry(1))
    await expect(entry(1).locator("[data-decide=dismissed], form")).to_have_count(0)
    undone = await entry(2).get_attribute("data-id")
    await officer.press_button("decision.mend", entry(2))
    await officer.click("undo", page.locator(".toast .undo"))
    await expect(entry(2).locator("[data-decide=open]")).to_have_count(0)
    assert (await records.states())[undone] == "open"
    await officer.press_button("decision.confirm", entry(2))
    await expect(entry(2).locator("[data-decide=confirmed]")).to_have_count(0)
    for number in (3, 4):
        await officer.click("pick", entry(number).locator(".pick"))
    assert await page.evaluate(IN_REACH)
    await officer.press_button("decision.confirm", page.locator(".triage"))
    await expect(entry(4).locator("[data-decide=confirmed]")).to_have_count(0)
    await officer.choose(page.locator("select[name=decision]"), "open")
    await expect(page.locator(".entry")).to_have_count(FINDINGS - 5)
    await officer.click("all", page.locator(".triage .all input"))
    await officer.press_button("decision.confirm", page.locator(".triage"))
    await expect(page.locator(".entry")).to_have_count(0)
    await officer.click("report", page.locator(".menu > summary"))
    async with page.expect_download(timeout=SCAN_MS) as download:
        await officer.press_button("report_format.pdf")
    return undone, await download.value


async def by_keyboard(officer, records):
    """The same without a mouse: some of them are picked, and decided at once."""
    page, entry = officer.page, officer.entry
    await officer.type_in("user name", "admin")
    await officer.press("Tab")
    await officer.type_in("password", ADMIN_PASSWORD)
    await officer.press("Enter")
    await page.wait_for_selector(".bar")
    await officer.press("/")
    await officer.type_in("search", TARGET)
    await expect(page.locator(".hit").first).to_be_visible()
    await officer.press("ArrowUp", "Enter")  # the last of them is the scan
    await expect(page.locator(".entry")).to_have_count(FINDINGS)
    await officer.press("j", "c")
    await expect(entry(0).locator("[data-decide=confirmed]")).to_have_count(0)
    await officer.press("j", "d")
    await officer.type_in("reason", REASON)
    await officer.press("Enter")
    await expect(entry(1).locator("[data-decide=dismissed], form")).to_have_count(0)
    undone = await entry(2).get_attribute("data-id")
    await officer.press("j", "m")
    await expect(entry(2).locator("[data-decide=mending]")).to_have_count(0)
    await officer.press("u")
    await expect(entry(2).locator("[data-decide=mending]")).to_have_count(1)
    assert (await records.states())[undone] == "open"
    await officer.press("x", "j", "x", "j", "x", "c")
    await expect(page.locator(".entry [data-decide=open]")).to_have_count(5)
    for number in range(5, FINDINGS):
        await officer.press("j", "c")
        await expect(entry(number).locator("[data-decide=confirmed]")).to_have_count(0)
    await officer.press("r", "Tab")
    async with page.expect_download(timeout=SCAN_MS) as download:
        await officer.press("Enter")
    return undone, await download.value


@pytest.mark.parametrize(
    ("journey", "language"),
    [pytest.param(by_mouse, "zh-CN", id="mouse, zh-CN"), pytest.param(by_keyboard, "en", id="keyboard, en")],
)
async def test_all_findings_are_decided_and_reported_in_at_most_sixty_steps(
    browser, served, records, journey, language
):
    page = await open_new_page(browser, served.url, locale=language)
    await expect(page.locator("#username")).to_be_focused()
    officer = Officer(page, language)
    undone, download = await journey(officer, records)
    assert len(officer.steps) <= MOST_STEPS, officer.steps
    findings = await records.findings()
    assert len(findings) == FINDINGS
    (dismissed,) = [item for item in findings.values() if item["state"] == "dismissed"]
    assert dismissed["decision"]["reason"] == REASON
    others = {item["state"] for item in findings.values() if item is not dismissed}
    assert others == {"confirmed"}
    assert await records.decisions_about(undone) == ["mending", "open", "confirmed"]
    assert re.fullmatch(rf"compliance-{TARGET}-\d{{4}}-\d\d-\d\d-1\.pdf", download.suggested_filename)
    saved = await asyncio.to_thread((await download.path()).read_bytes)
    printed = pypdf.PdfReader(BytesIO(saved))
    text = "".join(part.extract_text() for part in printed.pages).replace("\n", "")
    assert [item["domain"] for item in findings.values() if item["domain"] not in text] == []
    assert page.problems == []
