"""A scan on the page, played by hand: what is shown live is what a fresh page shows, and what REST says."""

import pytest
from playwright.async_api import expect

from app.core.ids import new_id
from app.domain.stages import StageKey
from app.domain.verdict import Reason, Result, Verdict
from app.domain.violations import ViolationKey
from app.scans.queries.task_filters import TaskFilter
from tests.support.backend import ADMIN_PASSWORD
from tests.support.said import said_by_page
from tests.system.page_evidence import HOSTILE
from tests.system.page_support import capture, party, sign_in
from tests.system.test_new_page import PHONE, built, open_new_page  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
AT_END = """() => {
    const box = document.querySelector("[role=log]");
    return box.scrollHeight - box.scrollTop - box.clientHeight < 40;
}"""


async def open_at(browser, theatre, address, **options):
    page = await open_new_page(browser, theatre.url, address, **options)
    await sign_in(page)
    return page


async def open_scan(browser, scene, **options):
    page = await open_at(browser, scene.theatre, f"#/scans/{scene.task_id}", **options)
    await expect(page.locator("h1")).to_have_text(scene.domain)
    await expect(page.locator(".live[data-kind=live]")).to_be_visible()
    return page


async def test_a_wrong_password_is_said_in_the_language_that_was_chosen(browser, theatre):
    page = await open_new_page(browser, theatre.url)
    await page.fill("#username", "admin")
    await page.fill("#password", "not this one")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("用户名或密码错误。")
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.locator("h1")).to_have_text("Domain Compliance Scanner")
    await page.reload()
    await expect(page.locator("h1")).to_have_text("Domain Compliance Scanner")
    assert await page.evaluate("document.documentElement.lang") == "en"
    assert page.problems == []


async def test_a_scan_is_ordered_and_what_is_wrong_with_a_domain_is_said(browser, theatre):
    page = await open_at(browser, theatre, "?target=127.0.0.1")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="开始扫描").click()
    await expect(dialog.get_by_role("alert")).to_have_text("请输入域名，而不是 IP 地址。")
    await dialog.locator("summary", has_text="选项").click()
    await page.fill("#domain", "例子.test")
    await page.fill("#max-pages", "50")
    await page.fill("#minutes", "10")
    await dialog.get_by_text(said_by_page("start.screenshots", "zh-CN")).click()
    await dialog.get_by_role("button", name="开始扫描").click()
    await expect(page.locator("h1")).to_have_text("xn--fsqu00a.test")
    await expect(page.locator(".title .status")).to_have_text("等待中")
    rows, _ = await theatre.backend.scans.list_page(theatre.admin(), TaskFilter(), page=1, page_size=1)
    config = rows[0]["config"]
    assert (config["max_pages"], config["time_limit_s"], config["screenshots"]) == (50, 600, False)
    assert f"#/scans/{rows[0]['id']}" in page.url
    assert page.problems == []


async def test_who_has_one_scan_alone_begins_with_it_while_it_runs(browser, theatre):
    scene = await theatre.scene()
    page = await open_at(browser, theatre, "")
    await expect(page.locator("h1")).to_have_text("corp.test")
    assert f"#/scans/{scene.task_id}" in page.url
    await scene.complete(verdict=Verdict(Result.CLEAN, ()))
    await page.goto(f"{theatre.url}/")
    await expect(page.locator("h1")).to_have_text("概览")
    assert page.problems == []


async def test_addresses_of_the_page_before_this_one_lead_where_they_led(browser, theatre):
    scene = await theatre.scene()
    for old in (f"#/tasks/{scene.task_id}", f"app/#/scans/{scene.task_id}", f"app#/scans/{scene.task_id}"):
        page = await open_at(browser, theatre, old)
        await expect(page.locator("h1")).to_have_text("corp.test")
        assert page.url == f"{theatre.url}/#/scans/{scene.task_id}"
        await page.context.close()


async def test_a_scan_is_followed_live_and_a_fresh_page_shows_the_same(browser, theatre):
    scene = await theatre.scene()
    page = await open_scan(browser, scene)
    await expect(page.get_by_text("暂未发现问题")).to_be_visible()
    await scene.stages_up_to(StageKey.THIRD_PARTY)
    await scene.progress(55, StageKey.THIRD_PARTY, 40, "正在识别", subdomains=17, pages=284, third_parties=3)
    stages = page.locator(".stage")
    await expect(stages.nth(1)).to_have_attribute("data-status", "completed")
    await expect(stages.nth(2)).to_contain_text("40%")
    await expect(page.locator(".verdict .percent")).to_have_text("55%")
    await expect(page.locator(".tile", has_text="页面").locator("dd")).to_have_text("284")
    await expect(page).to_have_title("55% corp.test · 域名合规扫描")
    await scene.log("已爬取 https://www.corp.test/")
    await scene.log("太慢", level="WARNING")
    await expect(page.locator(".line")).to_have_count(2)
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "博彩用语")
    await scene.find("pills.test", ViolationKey.MEDICAL, "medium", 0.64, "处方药")
    entries = page.locator(".entry")
    await expect(entries).to_have_count(2)
    await expect(entries.nth(1)).to_contain_text("违规药品/虚假医疗")
    await expect(entries.nth(1)).to_contain_text("待复核")
    await expect(entries.nth(1)).to_contain_text("64%")
    await scene.warn("degraded", "没有 Chromium")
    await expect(page.locator(".warnings")).to_contain_text("功能受限")
    await scene.requeue()
    await scene.claim()
    await scene.log("three", level="ERROR")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_subdomains=17, total_violations=2)
    await expect(page.locator(".title .status")).to_have_text("已完成")
    await expect(page.locator(".group")).to_have_count(2)
    await expect(page.locator(".line")).to_have_count(3)
    followed = await page.locator(".scan").inner_text()
    await page.reload()
    await expect(page.locator(".group")).to_have_count(2)
    await expect(page.locator(".line")).to_have_count(3)
    await expect(page.locator(".scan")).to_have_text(followed, use_inner_text=True)  # once all has come
    assert await page.locator(".scan").inner_text() == followed
    assert page.problems == []


async def test_what_pages_say_stays_text_that_is_copied_and_is_no_link(browser, theatre):
    scene = await theatre.scene()
    await scene.log(HOSTILE)
    await scene.warn("partial", HOSTILE)
    url = "javascript:alert(1)"
    await scene.find("bad.test", ViolationKey.OTHER, "low", 0.55, HOSTILE, url=url, found_on=HOSTILE)
    page = await open_scan(browser, scene)
    await expect(page.locator(".entry .text")).to_have_text(HOSTILE)
    await expect(page.locator(".line .message")).to_have_text(HOSTILE)
    assert await page.locator("#content img, #content b").count() == 0
    links = await page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [link for link in links if not link.startswith("#")] == []
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = page.locator(".entry dd").first
    await expect(address.locator("code")).to_have_text(url)
    await address.get_by_role("button", name="复制").click()
    await expect(address.get_by_role("button")).to_have_text("已复制")
    assert await page.evaluate("navigator.clipboard.readText()") == url
    assert page.problems == []


async def test_the_log_stays_where_the_reader_is(browser, theatre):
    scene = await theatre.scene()
    await scene.log(*[f"line {number}" for number in range(1, 301)])
    page = await open_scan(browser, scene)
    box = page.locator("[role=log]")
    await expect(page.locator(".line").last).to_contain_text("line 300")
    await page.wait_for_function(AT_END)  # it is scrolled after it was drawn
    await scene.log("line 301")
    await expect(page.locator(".line").last).to_contain_text("line 301")
    await page.wait_for_function(AT_END)
    await box.evaluate("box => { box.scrollTop = 300; }")
    await expect(page.locator(".jump")).to_be_visible()
    await scene.log("line 302", "line 303")
    await expect(page.locator(".level[data-level=INFO] .count")).to_have_text("303")
    assert await box.evaluate("box => box.scrollTop") == 300
    await page.locator(".jump").click()
    await expect(page.locator(".line").last).to_contain_text("line 303")
    await expect(page.locator(".jump")).to_be_hidden()


async def test_a_scan_is_cancelled_and_repeated(browser, theatre):
    scene = await theatre.scene()
    await scene.find("bad.test", ViolationKey.OTHER, "low", 0.9, "x")
    page = await open_scan(browser, scene)
    status = page.locator(".title .status")
    cancel = page.locator("#content").get_by_role("button", name="停止扫描")
    await cancel.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(status).to_have_text("扫描中")
    await cancel.click()
    await page.get_by_role("dialog").get_by_role("button", name="停止扫描").click()
    await expect(status).to_have_text("正在取消")
    await scene.end_cancelled()
    await expect(status).to_have_text("已取消")
    await page.get_by_role("button", name="重新扫描").click()
    await page.get_by_role("dialog").get_by_role("button", name="重新扫描").click()
    await expect(status).to_have_text("等待中")
    await expect(page.locator(".entry")).to_have_count(0)
    assert page.problems == []


async def test_an_attempt_that_was_cancelled_does_not_hide_what_stands(browser, theatre):
    scene = await theatre.scene()
    await scene.find("old.test", ViolationKey.GAMBLING, "high", 0.9, "x")
    await scene.log("line of the first")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1)
    backend = theatre.backend
    await backend.scans.retry(theatre.admin(), scene.task_id)
    await scene.begin_again()
    page = await open_scan(browser, scene)
    await scene.find("new.test", ViolationKey.GAMBLING, "high", 0.9, "x")
    await expect(page.locator(".entry")).to_have_count(1)
    await expect(page.locator("#content")).not_to_contain_text("old.test")  # nobody takes it for what runs
    await page.select_option("#attempt", "1")
    await expect(page.locator(".group")).to_contain_text("old.test")
    await expect(page.locator(".line .message")).to_have_text("line of the first")
    await page.go_back()
    await expect(page.locator(".entry")).to_have_count(1)
    await backend.event_writer.write(backend.lifecycle.request_cancel(scene.task_id, by="admin"))
    await scene.end_cancelled()
    await expect(page.locator(".title .status")).to_have_text("已取消")
    await expect(page.locator(".group")).to_contain_text("old.test")
    await expect(page.locator(".attempts")).to_contain_text("第 1 次")
    await page.goto(f"{theatre.url}/#/scans/{scene.task_id}?attempt=7")
    await expect(page.locator("h1")).to_have_text("找不到内容")
    assert page.problems == []


@pytest.mark.parametrize(
    ("verdict", "told", "listed"),
    [
        (Verdict(Result.CLEAN), "未发现违规", "未发现违规"),
        (Verdict(Result.CLEAN, (Reason.PAGE_LIMIT,)), "页面数上限", "未发现违规"),
        (
            Verdict(Result.INCONCLUSIVE, (Reason.START_PAGE, Reason.SERVER_ERROR)),
            "没有任何页面可供检查",
            "无法得出结论",
        ),
    ],
)
async def test_what_a_scan_may_claim_is_said_at_its_head_and_in_the_list(browser, theatre, verdict, told, listed):
    scene = await theatre.scene()
    page = await open_scan(browser, scene)
    await scene.complete(verdict=verdict)
    await expect(page.locator(".verdict")).to_contain_text(told)  # followed
    await page.reload()
    await expect(page.locator(".verdict")).to_contain_text(told)  # from a fresh snapshot
    await page.goto(f"{theatre.url}/#/scans")
    await expect(page.locator(".row .risks")).to_have_text(listed)
    assert page.problems == []


async def test_a_violation_of_another_scan_is_told(browser, theatre):
    watched = await theatre.scene("watched.test")
    page = await open_scan(browser, watched)
    other = await theatre.scene("other.test")
    await other.find(HOSTILE, ViolationKey.OTHER, "high", 0.9, "x", url="http://bad.test/")
    notice = page.locator(".notice")
    await expect(notice).to_contain_text(f"other.test 发现违规：{HOSTILE}")
    await notice.locator("a").click()
    await expect(page.locator("h1")).to_have_text("other.test")
    await expect(notice).to_have_count(0)
    assert page.problems == []


async def test_an_unknown_task_and_a_deleted_one_are_said_to_be_gone(browser, theatre):
    scene = await theatre.scene()
    page = await open_scan(browser, scene)
    await scene.complete()
    await theatre.backend.scans.delete(theatre.admin(), scene.task_id)
    await expect(page.get_by_role("heading", name="扫描已被删除")).to_be_visible()
    await page.goto(f"{theatre.url}/#/scans/{new_id()}")
    await expect(page.get_by_role("heading", name="找不到该扫描")).to_be_visible()
    await page.goto(f"{theatre.url}/#/scans/{'x' * 100}")
    await expect(page.locator(".state h1")).to_be_visible()
    assert page.problems == []


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_a_narrow_screen_needs_no_sideways_scrolling(browser, theatre, language):
    scene = await theatre.scene("a-rather-long-name-for-a-domain.department.corp-international.test")
    await scene.log("https://www.corp.test/" + "long/" * 60)
    await scene.find("b" * 60 + ".test", ViolationKey.FRAUD, "critical", 0.9, "x" * 200, url="http://b/" + "y" * 300)
    scene.store_parties(party("p" * 60 + ".test", "cdn", 1))
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1)
    page = await open_scan(browser, scene, viewport=PHONE, locale=language, color_scheme="dark")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.locator("[data-tab=third_parties]").click()
    await expect(page.locator(".parties tbody tr")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 21, 25)"
    for address in ("#/scans", "#/overview", f"#/scans/{scene.task_id}/third-parties/{'p' * 60}.test"):
        await page.goto(f"{theatre.url}/{address}")
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator(".el-skeleton")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], address
    await theatre.backend.inventory.keeper.look()
    await page.goto(f"{theatre.url}/#/third-parties")
    frame = page.locator(".inventory .frame")
    await expect(frame.locator("tbody tr")).to_have_count(1)
    assert await frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_the_header_has_one_line_on_a_laptop(browser, theatre, language):
    scene = await theatre.scene()
    page = await open_scan(browser, scene, locale=language)
    await expect(page.locator(".views a")).to_have_count(6)
    boxes = "bar => [...bar.children].map((part) => part.getBoundingClientRect().toJSON())"
    middles = [box["top"] + box["height"] / 2 for box in await page.locator(".bar").evaluate(boxes)]
    assert max(middles) - min(middles) < 3, middles


async def test_everything_is_reached_by_keyboard(browser, theatre):
    scene = await theatre.scene()
    page = await open_new_page(browser, theatre.url, "#/scans")
    await expect(page.locator("#username")).to_be_focused()
    await page.keyboard.type("admin")
    await page.keyboard.press("Tab")
    await page.keyboard.type(ADMIN_PASSWORD)
    await page.keyboard.press("Enter")
    row = page.locator(".row")
    await expect(row).to_be_visible()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await row.evaluate("row => row === document.activeElement"):
            break
    await scene.progress(44, StageKey.PAGE_CRAWL, 50, "x")
    await expect(row).to_contain_text("44%")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(scene.domain)


async def test_third_parties_are_listed_by_risk_and_followed_to_their_references(browser, theatre):
    scene = await theatre.scene()
    scene.store_parties(
        party("cdn.test", "cdn", 90, hosts=("a.cdn.test", "b.cdn.test")),
        party("casino.test", "unknown", 2, hidden=1),
        party("old.test", "unknown", 1),
        captures=[capture("casino.test"), capture("old.test", "error", dead=True)],
    )
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "博彩用语")
    page = await open_scan(browser, scene, locale="en-US")
    await scene.progress(40, StageKey.THIRD_PARTY, 1, "parties", third_parties=3)
    await page.get_by_role("link", name="Third parties").click()
    rows = page.locator(".parties tbody tr")
    await expect(rows.locator(".domain")).to_have_text(["casino.test", "cdn.test", "old.test"])
    await expect(rows.first).to_contain_text("high")  # of its finding
    await expect(rows.nth(1)).to_contain_text("2 host names")
    await expect(rows.locator(".outcome")).to_have_text(["Checked", "Not checked", "Domain no longer exists"])
    scene.store_parties(captures=[capture("cdn.test", "error")])
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    await expect(rows.nth(1).locator(".outcome")).to_have_text("Unreachable")
    await rows.first.locator("a").click()
    await expect(page.locator("h1")).to_have_text("casino.test")
    await expect(page.locator(".facts").first).to_contain_text("Hidden references")
    await page.get_by_role("link", name="Back to the scan").click()
    await expect(page.locator("h1")).to_have_text("corp.test")
    await expect(rows).to_have_count(3)  # the tab that it was left by
    assert page.problems == []
