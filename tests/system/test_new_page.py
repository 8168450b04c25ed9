"""The page in Chromium: a real scan through the death of the server, and what a scan that is played by hand shows.

`make test-system` builds the page first.
"""

import asyncio
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import httpx
import pypdf
import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from bench.page_figures import LOADED
from tests.support.backend import ADMIN_PASSWORD
from tests.support.said import said, said_by_page
from tests.system.page_evidence import FINDING, HOME, HOSTILE, store_evidence
from tests.system.page_server import SCAN_MS, TARGET, Server
from tests.system.page_support import open_page

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
ROOT = Path(__file__).parents[2]
POLICY = re.compile("Security Policy|requires 'Trusted")
CJK = re.compile(r"[\u4e00-\u9fff]")
PHONE = {"width": 390, "height": 844}
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# A button that becomes active has other colours on the way: what moves has to stand first.
SERIOUS = """async () => {
  const ends = (animation) => animation.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));
  return (await axe.run()).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any.map(({ message }) => message)}`));
}"""
STANDING = "() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
MAX_ROUTE_BYTES = 200_000  # of everything that a scan's address loads, on the wire
MAX_NODES = 3_000


@pytest.fixture(autouse=True)
def built():
    assert (ROOT / "app" / "web" / "index.html").exists(), "make frontend builds the page"


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path):
    server = Server(tmp_path / "data")
    await server.start()
    yield server
    await server.stop()


async def open_new_page(browser, url, address="", **options):
    """What Chromium refuses by the policy is said on its console: it counts as a problem like an error."""
    page = await open_page(browser, f"{url}/{address}", **options)
    page.on("console", lambda said: page.problems.append(said.text) if POLICY.search(said.text) else None)
    return page


async def sign_in(page):
    await page.fill("#username", "admin")
    await page.fill("#password", ADMIN_PASSWORD)
    await page.click("form button[type=submit]")
    await page.wait_for_selector(".bar")


async def findings_of(server, task_id):
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=60, trust_env=False) as client:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get(f"/tasks/{task_id}/findings?page_size=200", headers=headers)
        return answer.json()["items"]


async def test_a_scan_is_started_and_watched_through_the_death_of_the_server(browser, server):
    page = await open_new_page(browser, server.url, f"?target={TARGET}")
    await sign_in(page)
    dialog = page.get_by_role("dialog", name="开始扫描")
    await dialog.get_by_text("选项").click()
    await dialog.get_by_text(said_by_page("start.screenshots", "zh-CN")).click()
    await dialog.get_by_role("button", name="开始扫描").click()
    await expect(page.locator(".entry").first).to_be_visible(timeout=SCAN_MS)
    await expect(page.locator(".title .status")).to_have_text("扫描中")
    await server.kill()
    await expect(page.locator(".cut")).to_be_visible()
    await server.start()
    await expect(page.locator(".live[data-kind=live]")).to_be_visible(timeout=SCAN_MS)
    await expect(page.locator(".title .status")).to_have_text("已完成", timeout=SCAN_MS)
    await expect(page.locator(".verdict[data-tone=bad]")).to_be_visible()
    await expect(page.locator(".stage[data-status=completed]")).to_have_count(5)
    findings = await findings_of(server, page.url.rsplit("/", 1)[1])
    await expect(page.locator(".entry")).to_have_count(len(findings))
    ids = await page.locator(".entry").evaluate_all("entries => entries.map(entry => entry.dataset.id)")
    assert sorted(ids) == sorted(finding["finding_id"] for finding in findings)
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.locator(".title .status")).to_have_text("Completed")
    await expect(page.locator(".entry")).to_have_count(len(findings))
    for part in (".head", ".verdict", ".warnings", ".gantt", ".tiles"):
        assert not CJK.search(await page.locator(part).first.inner_text()), part
    assert page.problems == []


async def test_a_list_moves_by_notices_and_frames_and_asks_for_nothing_meanwhile(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/scans")
    await sign_in(page)
    await expect(page.locator(".state")).to_contain_text("开始第一次扫描")
    scene = await theatre.scene("one.test")
    row = page.locator(".row", has_text="one.test")
    await expect(row.locator(".status")).to_have_text("扫描中")
    await scene.progress(1, StageKey.PAGE_CRAWL, 1, "一")
    await expect(row.locator(".percent")).to_have_text("1%")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for percent in range(2, 30):
        await scene.progress(percent, StageKey.PAGE_CRAWL, percent, "更多")
    await expect(row.locator(".percent")).to_have_text("29%")
    assert [url for url in asked if "/notifications?" not in url] == []  # the bell looks a while after a notice
    await page.fill("[aria-label=按域名搜索]", "nothing")
    await expect(page.locator(".state")).to_contain_text("没有符合条件的扫描")
    assert "domain=nothing" in page.url
    assert page.problems == []


async def test_several_scans_are_chosen_and_each_says_what_came_of_it(browser, theatre):
    ended = [await theatre.scene(f"{name}.test") for name in ("a", "b", "c")]
    for scene in ended[:2]:
        await scene.fail("timeout", "too long")
    page = await open_new_page(browser, theatre.url, "#/scans?sort=target_domain", locale="en", viewport=PHONE)
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".row .domain")).to_have_text(["a.test", "b.test", "c.test"])
    await page.get_by_role("button", name="Save this view").click()
    await page.keyboard.type("By name")
    await page.keyboard.press("Enter")
    await page.select_option("[aria-label='Sort by']", "-target_domain")
    await expect(page.locator(".row .domain")).to_have_text(["c.test", "b.test", "a.test"])
    await page.locator(".all input").check()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Somebody else has begun one of them again meanwhile, which the page is not told before it asks.
    refusal = {"code": "task_running", "detail": said("error.task_running")}
    await page.route("**/tasks/*", lambda route: route.fulfill(status=409, json=refusal), times=1)
    await page.get_by_role("button", name="Delete (2)").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete (2)").click()
    await expect(page.locator(".outcome")).to_have_text("1 deleted. 1 failed; see the reason below each scan.")
    await expect(page.locator(".row .domain")).to_have_count(2)
    await expect(page.locator(".line .problem")).to_have_text(
        f"{said_by_page('bulk.failed_delete')}: {refusal['detail']}"
    )
    await page.get_by_role("link", name="By name").click()
    await expect(page).to_have_url(re.compile("sort=target_domain"))
    await page.reload()
    await expect(page.get_by_role("link", name="By name")).to_have_attribute("aria-current", "true")
    assert page.problems == []


async def test_a_link_to_a_scan_leads_there_through_signing_in(browser, theatre):
    scene = await theatre.scene()
    address = f"#/scans/{scene.task_id}"
    page = await open_new_page(browser, theatre.url, address, locale="en", viewport=PHONE, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")
    assert page.url.endswith(address)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_selector("#username")
    assert page.problems == []


async def test_what_an_attempt_found_stays_to_be_read_after_the_next(browser, theatre):
    scene = await theatre.scene()
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.9, "bets")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    verdict = page.locator(".verdict")
    await expect(verdict).to_contain_text("1 finding on 1 domain")
    await expect(verdict).to_contain_text(". 7 pages read")
    await page.locator("a.evidence").click()
    await expect(page.get_by_role("heading", name="casino.test").first).to_be_visible()
    await page.get_by_role("link", name="Back to the scan").click()
    await page.get_by_role("button", name="Scan again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Scan again").click()
    await expect(page.locator(".title .status")).to_have_text("Waiting")
    await scene.begin_again()
    await scene.complete(verdict=Verdict(Result.CLEAN, ()), total_pages_crawled=9)
    await expect(verdict).to_contain_text("No violations found. 9 pages read")
    await page.select_option("#attempt", "1")
    await expect(verdict).to_contain_text("1 finding on 1 domain")
    assert page.url.endswith("?attempt=1")
    await page.go_back()
    await expect(verdict).to_contain_text("No violations found")
    assert page.problems == []


async def test_the_report_is_shown_as_it_prints_in_a_frame_without_rights(browser, theatre):
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en", viewport=PHONE)
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.get_by_text("Download report").click()
    await page.get_by_role("link", name="Print preview (A4)").click()
    report = page.frame_locator("iframe")
    await expect(report.locator("body")).to_contain_text("casino.test", timeout=SCAN_MS)
    await expect(report.locator("html")).to_have_attribute("lang", "en")
    table = report.locator("th").first
    assert await table.evaluate("cell => getComputedStyle(cell).backgroundColor") == "rgb(244, 246, 249)"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.select_option("select", "zh-CN")
    await expect(report.locator("html")).to_have_attribute("lang", "zh-CN", timeout=SCAN_MS)
    async with page.expect_download(timeout=SCAN_MS) as download:
        await page.get_by_role("button", name="PDF").click()
    name = (await download.value).suggested_filename
    assert re.fullmatch(r"compliance-corp\.test-\d{4}-\d\d-\d\d-1\.pdf", name)
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(SERIOUS) == []
    assert page.problems == []


async def test_the_printed_view_has_every_finding_and_the_button_prints_the_report_alone(browser, theatre):
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    names = [f"casino{number}.test" for number in range(25)]
    for name in names:
        await scene.find(name, ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=25, total_pages_crawled=7)
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}/report", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.frame_locator("iframe").locator("body")).to_contain_text(names[-1], timeout=SCAN_MS)
    pdf = pypdf.PdfReader(BytesIO(await page.pdf(format="A4")))
    printed = re.sub(r"\s", "", "".join(part.extract_text() for part in pdf.pages))
    assert [name for name in names if name not in printed] == []
    assert len(pdf.pages) > 3
    assert "Signout" not in printed
    assert await page.locator("iframe").evaluate("frame => frame.offsetHeight < innerHeight")  # as it was
    await page.evaluate("""() => {
        window.printed = 0;
        document.querySelector("iframe").contentWindow.print = () => { window.printed += 1; };
    }""")
    await page.get_by_role("button", name="Print", exact=True).click()
    await page.keyboard.press("Control+p")
    await page.wait_for_function("() => window.printed >= 2")
    assert await page.evaluate("window.printed") == 2
    assert page.problems == []


# Of what can be seen: whether something is there to be used, is cut off to the right, or is pale.
PRINTED = """() => {
  const all = [...document.querySelectorAll("body *")];
  const seen = all.filter((one) => one.checkVisibility() && one.getClientRects().length > 0);
  const width = document.documentElement.clientWidth;
  const light = (colour) => Math.max(...colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  const name = (one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`;
  return {
    used: seen.filter((one) => one.matches("nav, .bar, .el-button, select, input, [role=tablist]")).map(name),
    cut: seen.filter((one) => one.matches("td, a, p, h2") && one.getBoundingClientRect().right > width + 1).map(name),
    pale: seen.filter((one) => hasText(one) && light(getComputedStyle(one).color) > 190).map(name),
    paper: getComputedStyle(document.body).backgroundColor,
  };
}"""


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_views_print_dark_on_white_and_whole_without_what_is_there_to_be_used(browser, theatre, language):
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    page = await open_page(browser, f"{theatre.url}/#/sign-in", locale=language, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.wait_for_url("**/overview")
    views = {
        f"#/scans/{scene.task_id}?tab=findings": "#findings-title",
        f"#/scans/{scene.task_id}?tab=third_parties": ".parties tr",
        f"#/scans/{scene.task_id}/findings/gambling.casino.test": ".finding .card",
        "#/scans": "li.line",
    }
    for view, waits_for in views.items():
        await page.emulate_media(media="screen")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.goto(f"{theatre.url}/{view}")
        await page.wait_for_selector(f"main {waits_for}")
        await page.emulate_media(media="print")
        await page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins
        printed = await page.evaluate(PRINTED)
        assert printed == {"used": [], "cut": [], "pale": [], "paper": "rgb(255, 255, 255)"}, view
    assert page.problems == []


async def test_a_line_of_a_long_log_has_an_address(browser, theatre):
    scene = await theatre.scene()
    for start in range(0, 3_000, 500):
        await scene.log(*(f"line {number}" for number in range(start, start + 500)))
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}?line=700", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".line[data-chosen]")).to_contain_text("line 699")
    await page.fill("[aria-label='Search these lines']", "line 1234")
    await page.get_by_role("button", name="Jump to newest").click()
    await page.get_by_role("button", name="Search the whole log").click()
    await expect(page.locator(".part")).to_have_text("1 hit in the whole log")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download this view").click()
    saved = await asyncio.to_thread((await (await download.value).path()).read_text, "utf-8")
    assert saved.rstrip().endswith("line 1234")
    assert saved.count("\n") == 1
    assert page.problems == []


async def test_a_finding_has_an_address_with_all_its_evidence_and_nothing_of_it_is_markup(browser, theatre):
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    address = f"#/scans/{scene.task_id}/findings/{FINDING}"
    page = await open_new_page(browser, theatre.url, address, locale="en", viewport=PHONE)
    await page.wait_for_selector("#username")
    await sign_in(page)
    picture = page.locator(".screenshot img").first
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 40)  # once it is loaded
    assert "blur" in await picture.evaluate("image => getComputedStyle(image).filter")
    await page.locator(".screenshot").first.click()
    assert await picture.evaluate("image => getComputedStyle(image).filter") == "none"
    await expect(page.locator(".steps").first.locator(".role")).to_have_text(["This site", "Destination"])
    for shown in (HOME, HOSTILE, "html > body > a", "Recommended action", "Risk factors", "SHA-256"):
        await expect(page.locator("#content")).to_contain_text(shown)
    assert await page.locator("#content b, #content img:not(.screenshot img)").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(SERIOUS) == []
    async with page.expect_download() as download:
        await page.get_by_role("button", name="All references as CSV").click()
    assert (await download.value).suggested_filename == "references-casino.test.csv"
    assert page.problems == []


async def test_what_needs_a_review_is_gone_through_by_keyboard(browser, theatre):
    scene = await theatre.scene()
    for name in ("one.test", "two.test"):
        await scene.find(name, ViolationKey.GAMBLING, "high", 0.5, "bets")
    await scene.find("sure.test", ViolationKey.GAMBLING, "high", 0.97, "bets")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=3, total_pages_crawled=7)
    page = await open_new_page(browser, theatre.url, "#/review", locale="en", viewport=PHONE, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".line")).to_have_count(2)
    for key in ("j", "j", "Enter"):
        await page.keyboard.press(key)
    opened = await page.locator("[data-chosen] .line .domain").inner_text()
    await expect(page.locator(".detail .head .domain")).to_have_text(opened)
    await expect(page.locator("h1")).to_have_count(1)
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(SERIOUS) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.keyboard.press("Escape")
    await expect(page.locator(".detail")).to_have_count(0)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=said_by_page("review.address")).click()
    await expect(page.get_by_role("link", name="Back to the scan")).to_be_visible()
    await expect(page.locator("h1")).to_have_text(opened)
    assert page.problems == []


async def test_findings_are_decided_on_by_keyboard_and_the_next_scan_knows(browser, theatre):
    for _ in range(2):
        scene = await theatre.scene()
        for name in ("one.test", "two.test"):
            await scene.find(name, ViolationKey.GAMBLING, "high", 0.5, "bets")
        await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=2, total_pages_crawled=7)
    page = await open_new_page(browser, theatre.url, "#/review", locale="en", viewport=PHONE, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".line")).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("d")
    await page.keyboard.type("our own partner, jkcdu")
    await page.evaluate(STANDING)
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(SERIOUS) == []
    await page.keyboard.press("Enter")
    await expect(page.locator(".line")).to_have_count(1)
    await expect(page.locator(".done")).to_contain_text("Dismissed")
    await page.keyboard.press("c")
    await expect(page.locator(".state h2")).to_have_text("Nothing needs a review")
    await page.keyboard.press("u")
    await expect(page.locator(".line")).to_have_count(1)
    await page.locator("select[name=decision]").select_option("dismissed")
    await page.locator(".line").click()
    await expect(page.locator(".decision .reason")).to_have_text("our own partner, jkcdu")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name=said_by_page("review.address")).click()
    # The panel of the review has the same button until the finding's own page stands.
    await expect(page.get_by_role("link", name="Back to the scan")).to_be_visible()
    await page.get_by_role("button", name="Reopen").click()
    await expect(page.locator(".decision")).to_have_attribute("data-decision", "open")
    await expect(page.locator(".decision button[disabled]")).to_have_count(0)
    await page.evaluate(STANDING)
    assert await page.evaluate(SERIOUS) == []
    assert page.problems == []


async def test_an_administrator_adds_a_user_sees_connections_and_speaks_to_everybody(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/admin/users", locale="en", viewport=PHONE, color_scheme="dark")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.get_by_role("button", name="Add a user").click()
    for field, text in {"name": "mei", "email": "mei@corp.test", "password": ADMIN_PASSWORD}.items():
        await page.fill(f"#user-{field}", text)
    await page.evaluate(AXE.read_text("utf-8"))
    await page.evaluate(STANDING)
    found = {"add": await page.evaluate(SERIOUS)}
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("tbody th")).to_have_text(["admin", "mei"])
    users, _ = await theatre.backend.users.list_page(page=1, page_size=5)
    assert {(user.username, user.role) for user in users} == {("admin", "admin"), ("mei", "user")}
    await page.evaluate(STANDING)
    found["users"] = await page.evaluate(SERIOUS)
    await page.get_by_role("link", name="Live connections").click()
    await expect(page.locator(".person")).to_have_text("admin 1 connection")
    found["connections"] = await page.evaluate(SERIOUS)
    await expect(page.locator(".socket th")).to_have_text("admin")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name="Metrics", exact=True).click()
    await expect(page.locator(".tile").first).to_contain_text("1Users: 1")
    await expect(page.locator(".tile polyline").first).to_be_attached()
    found["metrics"] = await page.evaluate(SERIOUS)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("link", name="Audit log").click()
    await page.select_option("#audit-action", "user.create")
    await page.locator("main").get_by_role("button", name="Search", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    found["audit"] = await page.evaluate(SERIOUS)
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export as CSV").click()
    assert (await download.value).suggested_filename == "audit.csv"
    await page.get_by_role("link", name="Announcements").click()
    await page.fill("#broadcast-message", "Maintenance at 22:00")
    await page.select_option("#broadcast-level", "warning")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".broadcasts")).to_contain_text("Maintenance at 22:00")
    await expect(page.get_by_text("Delivered to 1 connection of this server")).to_be_visible()
    found["broadcast"] = await page.evaluate(SERIOUS)
    await page.get_by_role("link", name="Workers").click()
    await expect(page.locator(".worker, .state").first).to_be_visible()
    found["workers"] = await page.evaluate(SERIOUS)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [(view, obstacle) for view, obstacles in found.items() for obstacle in obstacles] == []
    assert page.problems == []


async def test_a_new_password_ends_the_session_and_is_good_for_the_next(browser, theatre):
    page = await open_new_page(browser, theatre.url, "#/profile", locale="en", viewport=PHONE)
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.fill("#current", ADMIN_PASSWORD)
    for field in ("#next", "#again"):
        await page.fill(field, "another horse, another battery")
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(SERIOUS) == []
    await page.get_by_role("button", name="Change password").click()
    await expect(page.locator(".problem")).to_contain_text("The password has been changed.")
    await page.fill("#username", "admin")
    await page.fill("#password", "another horse, another battery")
    await page.click("form button[type=submit]")
    await page.wait_for_selector(".bar")
    assert page.problems == []


async def test_a_session_that_was_ended_elsewhere_leads_to_signing_in_and_back(browser, theatre):
    scene = await theatre.scene()
    address = f"#/scans/{scene.task_id}"
    page = await open_new_page(browser, theatre.url, address, locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")
    (cookie,) = await page.context.cookies(f"{theatre.url}/api/v1/auth/cookie/refresh")
    claims = theatre.backend.auth.tokens.read(cookie["value"], "refresh")
    await theatre.backend.auth.end_session(claims.user_id, claims.session_id)
    await expect(page.locator(".problem")).to_have_text(said_by_page("signin.ended"))
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")
    assert page.url.endswith(address)
    await scene.progress(40, StageKey.PAGE_CRAWL, 40, "on and on")
    await expect(page.locator(".verdict .percent")).to_have_text("40%")
    assert page.problems == []


async def test_a_scan_is_deleted_when_the_reader_is_sure(browser, theatre):
    scene = await theatre.scene()
    await scene.fail("timeout", "too long")
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".verdict")).to_contain_text("The scan ran for too long and was stopped.")
    await page.locator("#content").get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await expect(page.locator("h1")).to_have_text("corp.test")
    await page.locator("#content").get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No scans yet")).to_be_visible()
    assert page.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_has_a_serious_obstacle_for_anybody(browser, theatre, scheme):
    scene = await theatre.scene()
    await scene.stages_up_to(StageKey.PAGE_CRAWL)
    await scene.log("eins", "zwei")
    await scene.warn("partial", "half of it")
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.7, "bets")
    page = await open_new_page(browser, theatre.url, "#/overview", locale="en", color_scheme=scheme)
    await page.wait_for_selector("#username")
    await page.evaluate(AXE.read_text("utf-8"))
    found = {"sign in": await page.evaluate(SERIOUS)}
    await sign_in(page)
    await expect(page.locator(".row")).to_be_visible()
    await page.evaluate(STANDING)
    found["overview"] = await page.evaluate(SERIOUS)
    await page.keyboard.press("/")
    await page.keyboard.type("c")
    await expect(page.locator(".hit").first).to_be_visible()
    found["search"] = await page.evaluate(SERIOUS)
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Scans", exact=True).click()
    await page.locator(".all input").check()
    await page.get_by_role("button", name="Save this view").click()
    await expect(page.locator(".naming input")).to_be_focused()
    found["scans"] = await page.evaluate(SERIOUS)
    await page.get_by_role("button", name="Start a scan").click()
    await page.get_by_role("dialog").get_by_text("Options", exact=True).click()
    await page.evaluate(STANDING)
    found["new scan"] = await page.evaluate(SERIOUS)
    await page.keyboard.press("Escape")
    await page.locator(".row").click()
    await expect(page.locator(".entry")).to_be_visible()
    await page.evaluate(STANDING)
    found["running scan"] = await page.evaluate(SERIOUS)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    await expect(page.locator(".verdict[data-tone=bad]")).to_be_visible()
    found["ended scan"] = await page.evaluate(SERIOUS)
    assert [(view, obstacle) for view, obstacles in found.items() for obstacle in obstacles] == []


async def test_a_large_scan_is_a_small_document(browser, theatre):
    scene = await theatre.scene()
    for number in range(120):
        await scene.find(f"casino{number}.test", ViolationKey.GAMBLING, "medium", 0.9, "bets")
    for _ in range(20):
        await scene.log(*(f"line {number}" for number in range(200)))
    page = await open_new_page(browser, theatre.url, f"#/scans/{scene.task_id}", locale="en")
    await page.reload()
    await page.wait_for_selector("#username")
    await sign_in(page)
    await expect(page.locator(".findings .count, h2 .count").first).to_have_text("120")
    assert await page.locator("*").count() < MAX_NODES
    await page.get_by_role("button", name="Load 70 more").click()
    await expect(page.locator(".entry")).to_have_count(100)
    sent, _ = await page.evaluate(LOADED)
    assert MAX_ROUTE_BYTES / 4 < sent <= MAX_ROUTE_BYTES, sent
    assert page.problems == []


async def test_a_wheel_has_the_page_that_was_built(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    built = {path.relative_to(ROOT).as_posix() for path in (ROOT / "app" / "web").rglob("*") if path.is_file()}
    assert len(built) > 10
    assert built <= names
