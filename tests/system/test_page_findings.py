"""Findings and their evidence on the page: a casino in a hidden link of a site that says hostile things."""

import re
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import expect

from app.domain.report_format import ReportFormat
from app.domain.violations import ViolationKey
from app.engines.model import Capture, Hop, HopKind, PageFact, Reference, Relation
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in
from tests.system.page_support import open_browser, open_page, open_theatre, party, sign_in

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
HOME, CASINO, PARTNER = "https://www.corp.test/", "http://casino.test/", "http://partner.test/"
FINDING = "gambling.casino.test"
NAMES = {"xlsx": "Excel", "pdf": "PDF", "zip": "ZIP"}  # how the menu begins; what is inside is compressed
MANY = 230  # references to a host of scripts: more than come with a detail


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def theatre(tmp_path: Path):
    async with open_theatre(tmp_path / "data") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def scene(theatre):
    """A scan that has ended."""
    played = await theatre.scene()
    store_evidence(theatre, played)
    for key in (ViolationKey.GAMBLING, ViolationKey.HIDDEN_LINK):
        await played.find("casino.test", key, "high", 0.97, HOSTILE, found_on=HOME)
    await played.warn("partial", HOSTILE)
    await played.warn("partial", "two")
    await played.warn("degraded", "three")
    await played.complete(total_violations=2)
    return played


def store_evidence(theatre, scene):
    contents = contents_in(captures_dir(theatre.settings.data_dir))
    shown = {"html_sha256": contents.put(b"<b>"), "screenshot_sha256": contents.put(picture()), "captured_at": 1e9}
    source = contents.put(f'<p>\n<a href="{PARTNER}">{HOSTILE}</a>'.encode())
    hop = Hop(PARTNER, 302, "192.0.2.1", HopKind.HTTP, CASINO)
    store = SqliteScanStore(store_path(theatre.settings.data_dir, scene.task_id, scene.run))
    store.add_page(PageFact(HOME, 0, 200, "text/html", "utf-8", HOSTILE, 10, parsed=True))
    for domain in ("casino.test", "partner.test", "scripts.test"):
        store.put_third_party(party(domain, "unknown", 1))
    store.put_capture(Capture("partner.test", "partner.test", PARTNER, CASINO, 200, (hop,), HOSTILE, **shown))
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, (), HOSTILE, **shown))
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, html_sha256=source, charset="utf-8"))
    link = ("html > body > a", f"<a>{HOSTILE}", HOSTILE, "tiny_box")
    references = [Reference(HOME, url, url, Relation.LINK, "a[href]", *link) for url in (CASINO, PARTNER)]
    script = "http://scripts.test/s.js"
    references += [Reference(f"{HOME}{n}", script, script, Relation.SCRIPT, "script[src]") for n in range(MANY)]
    store.add_references(references)
    store.flush()
    store.close()


def picture():
    written = BytesIO()
    Image.new("RGB", (40, 30)).save(written, "JPEG")
    return written.getvalue()


def read_bytes(path):
    return Path(path).read_bytes()


async def open_at(browser, scene, tail="", **options):
    page = await open_page(browser, f"{scene.theatre.url}/#/tasks/{scene.task_id}{tail}", **options)
    await sign_in(page)
    return page


async def test_the_findings_of_an_ended_scan_take_the_place_of_its_violations(browser, scene):
    page = await open_at(browser, scene)
    finding = page.locator(".finding")
    await expect(finding).to_have_count(1)
    for said in ("严重", "casino.test", HOME, "本站自身内容", "分"):
        await expect(finding).to_contain_text(said)
    await expect(page.locator(".violations-card")).to_be_hidden()
    await expect(page.locator(".parties-card tbody tr").first).to_contain_text(
        "严重"
    )  # no other level than its finding
    await finding.get_by_role("link", name="casino.test").click()
    await expect(page.locator("h1")).to_have_text("casino.test")
    await page.get_by_role("link", name="返回扫描结果").click()
    await expect(page.locator(".finding")).to_have_count(1)
    assert page.problems == []


async def test_the_evidence_of_a_violation_is_a_click_away_while_the_scan_runs(browser, theatre):
    running = await theatre.scene()
    running.store_parties(party("casino.test", "unknown", 1))
    await running.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, "x")
    await running.find("old.corp.test", ViolationKey.TAKEOVER, "high", 0.97, "x")
    page = await open_at(browser, running)
    await expect(page.locator(".violation-domain a")).to_have_text(["casino.test"])  # the site itself is no third party
    await page.locator(".violation-domain a").click()
    await expect(page.locator("h1")).to_have_text("casino.test")
    await expect(page.locator(".finding")).to_have_count(1)


async def test_a_finding_shows_all_its_evidence_and_nothing_of_it_is_markup(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    picture_shown = page.locator(".screenshot img")
    await expect(picture_shown.first).to_be_visible()
    assert await picture_shown.first.evaluate("image => image.naturalWidth") == 40
    for said in (HOME, "本站自身内容", "html > body > a", HOSTILE, "隐藏方式", "SHA-256", "UTC", "处理建议", "合计"):
        await expect(page.locator(".detail")).to_contain_text(said)
    assert await page.locator(".detail b, .detail img:not(.screenshot img)").count() == 0
    links = await page.locator(".detail a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith("#/tasks/") for link in links)
    assert page.problems == []


async def test_every_hop_from_the_site_to_what_was_captured_is_shown(browser, scene):
    page = await open_at(browser, scene, "/third-parties/partner.test")
    hops = page.locator(".hop")
    await expect(hops).to_have_count(3)
    for hop, url, said in zip(
        range(3), (HOME, PARTNER, CASINO), ("本站", "状态码 302；192.0.2.1", "第三方"), strict=True
    ):
        await expect(hops.nth(hop)).to_contain_text(url)
        await expect(hops.nth(hop)).to_contain_text(said)
    await expect(page.get_by_text("没有发现问题。")).to_be_visible()


async def test_a_screenshot_grows_on_demand_and_contents_are_saved(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    frame = page.locator(".screenshot").first
    await frame.click()
    await expect(frame).to_have_attribute("aria-expanded", "true")
    async with page.expect_download() as saved:
        await page.locator(".captures").first.get_by_role("button", name="源代码").click()
    download = await saved.value
    assert download.suggested_filename.endswith(".html.txt")
    assert read_bytes(await download.path()) == b"<b>"


async def test_no_address_holds_the_token_with_which_pictures_are_fetched(browser, scene):
    page = await open_page(browser, "about:blank")
    addresses, refused = [], []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}/findings/{FINDING}")
    await sign_in(page)
    await expect(page.locator(".screenshot img").first).to_be_visible()
    token = await page.evaluate("JSON.parse(sessionStorage.getItem('compliance.session')).access")
    assert not [url for url in addresses if token in url]
    assert refused == []


async def test_references_come_a_few_at_a_time_until_all_are_there(browser, scene):
    page = await open_at(browser, scene, "/third-parties/scripts.test")
    references = page.locator(".reference")
    more = page.get_by_role("button", name="显示更多")
    await expect(references).to_have_count(10)
    while await more.is_visible():
        before = await references.count()
        await more.click()
        await expect(references).to_have_count(min(before + 10, MANY))
    assert await references.count() == MANY
    assert len(set(await page.locator(".reference-page code").all_inner_texts())) == MANY


async def test_all_references_are_saved_as_a_table(browser, scene):
    page = await open_at(browser, scene, "/third-parties/scripts.test")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="CSV").click()
    table = read_bytes(await (await saved.value).path())
    assert len(table.decode("utf-8-sig").splitlines()) == MANY + 1


async def test_a_page_is_shown_with_what_it_refers_to(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    await page.get_by_role("link", name="页面详情").first.click()
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await expect(page.locator(".reference")).to_have_count(2)
    await expect(page.locator(".capture")).to_have_count(1)
    assert page.problems == []


async def test_a_page_leads_on_to_the_third_parties_that_it_refers_to(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    await page.locator(".detail .card").first.get_by_role("link", name="页面详情").click()
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await page.locator(".reference").nth(1).get_by_role("link", name="partner.test").click()
    await expect(page.locator("h1")).to_have_text("partner.test")
    assert page.problems == []


async def test_a_finding_is_read_in_the_other_language(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    await expect(page.get_by_role("heading", name="处理建议")).to_be_visible()
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    for said in ("the site's own content", "on a start page", "Scan again after the repair"):
        await expect(page.locator(".detail")).to_contain_text(said)


@pytest.mark.parametrize("tail", ["/findings/gambling.other.test", "/third-parties/%ff", "/pages/999"])
async def test_what_is_not_there_is_said_to_be_gone(browser, scene, tail):
    page = await open_at(browser, scene, tail)
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.get_by_role("button", name="重试")).to_have_count(0)
    assert page.problems == []


async def test_what_cannot_be_read_while_the_server_is_away_comes_when_it_is_back(browser, theatre, scene):
    page = await open_at(browser, scene)
    await expect(page.locator(".finding")).to_have_count(1)
    await theatre.stop()
    await page.locator(".finding a").click()
    await expect(page.locator("h1")).to_have_text("加载失败")
    await theatre.start()
    await expect(page.locator("h1")).to_have_text("casino.test", timeout=40_000)


async def test_a_narrow_screen_needs_no_sideways_scrolling(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}", viewport={"width": 360, "height": 800})
    await expect(page.locator(".screenshot img").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await expect(page.locator(".sum .points").first).to_be_visible()


async def test_what_limits_the_results_is_one_line_until_it_is_unfolded(browser, scene):
    page = await open_at(browser, scene)
    notes = page.locator(".warnings li")
    await expect(page.locator(".warnings summary")).to_contain_text("3 条影响结果的提示：结果不完整、功能受限")
    await expect(notes.first).to_be_hidden()
    await page.locator(".warnings summary").click()
    await expect(notes).to_have_count(3)
    await expect(notes.first).to_contain_text(HOSTILE)


async def test_times_have_labels_and_a_zone(browser, scene):
    page = await open_at(browser, scene, timezone_id="Asia/Shanghai")
    for said in ("创建于", "开始于", "结束于", "时区 GMT+8"):
        await expect(page.locator(".facts")).to_contain_text(said)


@pytest.mark.parametrize("kind", list(ReportFormat))
async def test_the_report_is_saved_in_every_format_that_there_is(browser, scene, kind):
    page = await open_at(browser, scene)
    await page.locator(".menu summary").click()
    async with page.expect_download() as saved:
        await page.locator(".menu").get_by_role("button", name=re.compile(f"^{NAMES.get(kind, kind.upper())}")).click()
    download = await saved.value
    assert download.suggested_filename == f"corp.test-{scene.task_id}.{kind}"
    assert b"corp.test" in read_bytes(await download.path()) or kind in NAMES
    await expect(page.locator(".menu-items")).to_be_hidden()
