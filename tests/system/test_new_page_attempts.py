"""Attempts on the page: what an earlier one found stays as it was, whatever comes of those after it."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.system.page_evidence import FINDING, HOME, HOSTILE, store_evidence
from tests.system.page_support import party, sign_in
from tests.system.test_new_page import built, open_new_page  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def scene(theatre):
    """A scan that has found something."""
    played = await theatre.scene()
    store_evidence(theatre, played)
    await played.stages_up_to(StageKey.AI_ANALYSIS)
    await played.log("line of the first")
    await played.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    await played.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    return played


async def open_at(browser, scene, tail=""):
    page = await open_new_page(browser, scene.theatre.url, f"#/scans/{scene.task_id}{tail}", locale="en")
    await sign_in(page)
    return page


async def begin_again(scene):
    """A second attempt that finds something else."""
    backend = scene.theatre.backend
    await backend.scans.retry(scene.theatre.admin(), scene.task_id)
    await scene.begin_again()
    scene.store_parties(party("new.test", "cdn", 1))
    await scene.log("line of the second")
    await scene.find("new.test", ViolationKey.FRAUD, "high", 0.9, "y")


async def cancelled(scene):
    backend = scene.theatre.backend
    await backend.event_writer.write(backend.lifecycle.request_cancel(scene.task_id, by="admin"))
    await scene.end_cancelled()


END = {
    "Failed": lambda scene: scene.fail("internal", "broken"),
    "Cancelled": cancelled,
    "No violations found": lambda scene: scene.complete(verdict=Verdict(Result.CLEAN, ())),
}


async def texts_of(page, part):
    await expect(page.locator(part).first).to_be_visible()
    return await page.locator(part).all_inner_texts()


async def read_all(page, scene):
    """What is shown of the first attempt: findings, third parties, log, and one of each with all its evidence."""
    address = f"{scene.theatre.url}/#/scans/{scene.task_id}"
    await page.goto(f"{address}?attempt=1")
    shown = await texts_of(page, ".entry") + await texts_of(page, ".line .message")
    await page.locator("[data-tab=third_parties]").click()
    shown += await texts_of(page, ".parties tbody tr")
    for tail in (f"findings/{FINDING}", "third-parties/casino.test", "pages/1"):
        await page.goto("about:blank")  # so that nothing of the view before is taken for this one
        await page.goto(f"{address}/{tail}?attempt=1")
        await expect(page.locator(".reference").first).to_be_visible()
        if not tail.startswith("pages"):
            await expect(page.locator(".screenshot img").first).to_be_visible()
        shown.append(await page.locator("#content").inner_text())
    return shown


@pytest.mark.parametrize("end", END)
async def test_what_the_first_attempt_found_is_read_unchanged_after_a_second_one_has_ended(browser, scene, end):
    page = await open_at(browser, scene)
    await expect(page.locator("#attempt")).to_have_count(0)  # one attempt alone is no choice
    before = await read_all(page, scene)
    for said in ("casino.test", "line of the first", HOSTILE, "SHA-256", "Recommended action"):
        assert any(said in text for text in before), said
    await begin_again(scene)
    await END[end](scene)
    after = await read_all(page, scene)
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == []
    await page.goto(f"{scene.theatre.url}/#/scans/{scene.task_id}?attempt=1")
    await expect(page.locator("#attempt option").first).to_contain_text(f"Attempt 2: {end}")
    await page.select_option("#attempt", index=0)
    await expect(page.locator(".line .message", has_text="line of the second")).to_be_visible()
    assert "attempt=" not in page.url
    assert page.problems == []


async def test_the_choice_follows_what_the_newest_attempt_does(browser, scene):
    page = await open_at(browser, scene)
    await expect(page.locator(".group")).to_contain_text("casino.test")
    await begin_again(scene)
    await expect(page.locator(".entry")).to_contain_text("new.test")
    await page.select_option("#attempt", "1")
    newest = page.locator("#attempt option").first
    await expect(newest).to_contain_text("Attempt 2: Running")
    await scene.complete(verdict=Verdict(Result.CLEAN, ()))
    await expect(newest).to_contain_text("Attempt 2: No violations found")
    await expect(page.locator(".group")).to_contain_text("casino.test")
    assert page.problems == []


async def test_what_a_running_attempt_keeps_is_a_click_away_and_so_is_the_way_back(browser, scene):
    page = await open_at(browser, scene)
    await begin_again(scene)
    await page.locator(".entry", has_text="new.test").locator("a.evidence").click()
    await expect(page.locator("h1")).to_have_text("new.test")  # the attempt before has no such domain
    await page.locator(".back a").click()
    await expect(page.locator(".parties tbody tr")).to_have_count(1)
    assert "attempt=" not in page.url
    assert page.problems == []
