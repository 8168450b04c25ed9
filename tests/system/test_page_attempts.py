"""Attempts on the page: what an earlier one found stays, and nobody takes it for new."""

from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import expect

from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from app.engines.model import Capture, PageFact, Reference, Relation
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in
from tests.system.page_support import open_browser, open_page, open_theatre, party, sign_in

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

LINE = ".attempts-line"


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
    """A scan that has found something."""
    played = await theatre.scene()
    played.store_parties(party("old.test", "cdn", 1))
    await played.stages_up_to(StageKey.AI_ANALYSIS)
    await played.log("line of the first")
    await played.find("old.test", ViolationKey.GAMBLING, "high", 0.9, "x")
    await played.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1)
    return played


async def open_at(browser, scene, tail=""):
    page = await open_page(browser, f"{scene.theatre.url}/#/tasks/{scene.task_id}{tail}")
    await sign_in(page)
    return page


async def try_again(page, scene):
    await page.get_by_role("button", name="重新扫描").click()
    await page.locator("dialog").get_by_role("button", name="重新扫描").click()
    await expect(page.locator(".title-line .status")).to_have_text("等待中")
    await scene.begin_again()


async def test_a_single_attempt_needs_no_choice(browser, scene):
    page = await open_at(browser, scene)
    await expect(page.locator(".finding")).to_have_count(1)
    await expect(page.locator(".attempts")).to_be_hidden()


async def test_while_a_new_attempt_runs_the_one_before_is_a_click_away(browser, scene):
    page = await open_at(browser, scene)
    await try_again(page, scene)
    await scene.find("new.test", ViolationKey.GAMBLING, "high", 0.9, "x")
    await expect(page.locator(".violation")).to_have_count(1)
    await expect(page.locator(".parties-card")).not_to_contain_text("old.test")  # that is not what runs
    await expect(page.locator(LINE)).to_have_text("正在实时显示第 2 次扫描；第 1 次的结果已保留。")
    await page.get_by_role("link", name="查看第 1 次").click()
    await expect(page.locator(LINE)).to_have_text("当前显示第 1 次扫描的结果（共 2 次）；第 2 次正在扫描。")
    await expect(page.locator(".finding")).to_contain_text("old.test")
    await expect(page.locator(".line-message")).to_have_text("line of the first")
    await expect(page.locator(".parties-card")).to_contain_text("old.test")
    await page.locator(".finding a").click()
    await expect(page.locator("h1")).to_have_text("old.test")
    await page.get_by_role("link", name="返回扫描结果").click()
    await page.get_by_role("link", name="查看最新一次").click()
    await expect(page.locator(".violation")).to_contain_text("new.test")
    assert page.problems == []


async def test_an_attempt_that_was_cancelled_does_not_hide_what_stands(browser, scene):
    page = await open_at(browser, scene)
    await try_again(page, scene)
    await scene.find("new.test", ViolationKey.GAMBLING, "high", 0.9, "x")
    await page.get_by_role("button", name="取消扫描").click()
    await page.locator("dialog").get_by_role("button", name="取消扫描").click()
    await expect(page.locator(".title-line .status")).to_have_text("正在取消")
    await scene.end_cancelled()
    await expect(page.locator(LINE)).to_have_text("当前显示第 1 次扫描的结果（共 2 次）；第 2 次已取消。")
    await expect(page.locator(".finding")).to_contain_text("old.test")
    await page.get_by_role("link", name="查看第 2 次").click()
    await expect(page.locator(".finding")).to_contain_text("new.test")
    await expect(page.locator(LINE)).to_have_text("当前显示第 2 次扫描的结果（共 2 次）。")
    assert page.problems == []


async def cancelled(scene):
    backend = scene.theatre.backend
    await backend.event_writer.write(backend.lifecycle.request_cancel(scene.task_id, by="admin"))
    await scene.end_cancelled()


END = {
    "failed": ("第 2 次失败", lambda scene: scene.fail("internal", "broken")),
    "cancelled": ("第 2 次已取消", cancelled),
    "completed": ("第 2 次已完成", lambda scene: scene.complete(verdict=Verdict(Result.CLEAN, ()))),
}


@pytest.mark.parametrize("end", END)
async def test_what_the_first_attempt_found_is_read_unchanged_after_a_second_one_has_ended(browser, scene, end):
    """Findings, third parties, log; of a finding also references, captures with their picture and the way there."""
    store_evidence(scene)
    page = await open_at(browser, scene)
    before = await read_all(page, scene)
    for said in ("old.test", "line of the first", "rotten text of the link", "状态码 200", "SHA-256"):
        assert any(said in text for text in before), said

    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}")
    await try_again(page, scene)
    scene.store_parties(party("new.test", "cdn", 1))
    await scene.log("line of the second")
    await scene.find("new.test", ViolationKey.FRAUD, "high", 0.9, "y")
    said, finish = END[end]
    await finish(scene)

    assert await read_all(page, scene) == before
    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}?attempt=1")
    await expect(page.locator(LINE)).to_contain_text(said)
    await page.locator(".attempts select").select_option(index=0)
    await expect(page.locator(".finding")).to_contain_text("new.test")
    await expect(page.locator(".line-message")).to_have_text("line of the second")
    assert page.problems == []


def store_evidence(scene):
    """Of the attempt that runs."""
    settings = scene.theatre.settings
    picture = contents_in(captures_dir(settings.data_dir)).put(jpeg())
    store = SqliteScanStore(store_path(settings.data_dir, scene.task_id, scene.run))
    home, target = "https://www.corp.test/", "https://old.test/"
    store.add_page(PageFact(home, 0, 200, "text/html", "utf-8", "Home", 10, parsed=True))
    text = "rotten text of the link"
    store.add_references(
        [Reference(home, target, target, Relation.LINK, "a[href]", "html > a", "<a>", text, "off_screen")]
    )
    shown = {"screenshot_sha256": picture, "captured_at": 1e9, "addresses": ("192.0.2.1",)}
    store.put_capture(Capture("old.test", "old.test", target, target, 200, title="Casino", **shown))
    store.flush()
    store.close()


def jpeg():
    written = BytesIO()
    Image.new("RGB", (40, 30)).save(written, "JPEG")
    return written.getvalue()


async def read_all(page, scene):
    """What the page shows of the first attempt: findings, third parties, log, and one of each with its evidence."""
    address = f"{scene.theatre.url}/#/tasks/{scene.task_id}"
    await page.goto(f"{address}?attempt=1")
    shown = []
    for part in (".finding", ".parties-card tbody tr", ".line-message"):
        await expect(page.locator(part).first).to_be_visible()
        shown += await page.locator(part).all_inner_texts()
    for tail in ("findings/gambling.old.test", "third-parties/old.test", "pages/1"):
        await page.goto(f"{address}/{tail}?attempt=1")
        await expect(page.locator(".detail .reference").first).to_be_visible()
        if not tail.startswith("pages"):
            await expect(page.locator(".screenshot img").first).to_be_visible()
        shown.append(await page.locator(".detail").inner_text())
    return shown


async def test_the_line_follows_what_the_newest_attempt_does(browser, scene):
    page = await open_at(browser, scene)
    await try_again(page, scene)
    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}?attempt=1")
    await expect(page.locator(LINE)).to_contain_text("第 2 次正在扫描")
    await scene.complete(verdict=Verdict(Result.CLEAN, ()))
    await expect(page.locator(LINE)).to_contain_text("第 2 次已完成")
    select = page.locator(".attempts select")
    assert [text[:5] for text in await select.locator("option").all_inner_texts()] == ["第 2 次", "第 1 次"]
    await select.select_option(index=0)
    await expect(page.get_by_text("没有发现需要处理的问题。")).to_be_visible()
    await expect(page.locator(LINE)).to_have_text("当前显示第 2 次扫描的结果（共 2 次）。")


async def test_an_attempt_that_runs_is_shown_live_and_one_that_never_was_is_gone(browser, scene):
    page = await open_at(browser, scene, "?attempt=7")
    await expect(page.locator("h1")).to_have_text("没有此内容")
    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}")
    await try_again(page, scene)
    await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}?attempt=2")
    await expect(page.locator(".title-line .status")).to_have_text("扫描中")
    assert "?attempt" not in page.url
