"""The page behind a network that is cut while a scan goes on: nothing is lost, nothing comes twice, nothing is
loaded anew.
"""

import asyncio
from time import monotonic

import httpx
import pytest
from playwright.async_api import expect

from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.support.backend import ADMIN_PASSWORD
from tests.support.network_link import open_link
from tests.system.page_support import open_theatre
from tests.system.test_new_page import built, open_new_page, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
LONG_CUT_S = 60
STEPS = 160  # of three events, and one more in every fifth: 512
BACK_MS = 120_000  # a page tries again within so much, and a machine may be slow
# Every line of the log's window, from the first to the last, as the reader would see it by scrolling.
LINES = """async () => {
    const box = document.querySelector("[role=log]"), seqs = [];
    for (let top = 0; top < box.scrollHeight; top += 200) {
        box.scrollTop = top;
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        for (const line of box.querySelectorAll("[data-seq]")) seqs.push(Number(line.dataset.seq));
    }
    return [[...new Set(seqs)], Math.round(box.querySelector(".space").offsetHeight / 24)];
}"""


class Story:
    """A scan that goes on by some five hundred events, whatever the network does."""

    def __init__(self, scene) -> None:
        self._scene = scene
        self._told = 0

    async def go_on(self, until: float = 0.0) -> None:
        """All steps, spread until that moment of `monotonic`."""
        for number in range(STEPS):
            self._told += 1
            await self._scene.progress(min(95, self._told // 4), StageKey.PAGE_CRAWL, 50, f"page {self._told}")
            await self._scene.log(f"line {self._told}")
            if number % 5 == 0:
                await self._scene.find(f"casino{self._told}.test", ViolationKey.GAMBLING, "high", 0.9, "bets")
            await self._scene.log(f"line {self._told} again", level="WARNING")
            await asyncio.sleep(max(0.0, (until - monotonic()) / (STEPS - number)))


async def ask(theatre, path):
    async with httpx.AsyncClient(base_url=f"{theatre.url}/api/v1", timeout=60, trust_env=False) as client:
        token = (await client.post("/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD})).json()
        headers = {"Authorization": f"Bearer {token['access_token']}", "Accept-Language": "en"}
        return (await client.get(path, headers=headers)).json()


async def assert_equal_to_rest(page, theatre, task_id):
    """The numbers, every violation and every line, each once."""
    violations = await ask(theatre, f"/tasks/{task_id}/violations?page_size=200")
    logs = await ask(theatre, f"/monitor/tasks/{task_id}/logs?limit=1000")
    status = await ask(theatre, f"/monitor/tasks/{task_id}/status")
    await expect(page.locator("#findings-title .count")).to_have_text(str(violations["total"]), timeout=BACK_MS)
    await expect(page.locator(".verdict .percent")).to_have_text(f"{status['progress']}%")
    for more in range(violations["total"] // 50):
        if await page.locator("button.more").count():
            await page.locator("button.more").click()
            await expect(page.locator(".entry")).to_have_count(min(violations["total"], 50 * (more + 2)))
    shown = await page.locator(".entry").evaluate_all("entries => entries.map((entry) => entry.dataset.id)")
    assert sorted(shown) == sorted(item["violation_id"] for item in violations["items"])
    seqs, count = await page.evaluate(LINES)
    assert seqs == [line["log_seq"] for line in logs["items"]]
    assert count == len(seqs)


async def test_a_cut_of_the_network_loses_nothing_and_repeats_nothing(browser, tmp_path):
    async with (
        open_theatre(tmp_path, ws_max_connections_per_address=200) as theatre,
        open_link(theatre.settings.port) as link,
    ):
        scene = await theatre.scene()
        story = Story(scene)
        await scene.stages_up_to(StageKey.PAGE_CRAWL)
        page = await open_new_page(browser, f"http://127.0.0.1:{link.port}", f"#/scans/{scene.task_id}", locale="en")
        await page.wait_for_selector("#username")
        await sign_in(page)
        await expect(page.locator(".live[data-kind=live]")).to_be_visible()
        await expect(page.locator(".verdict .percent")).to_be_visible()  # a scan that never came has nothing to be cut
        await page.evaluate("window.isTheSame = true")

        # Another network: connections break at once, and for a while there is no new one.
        link.cut()
        await page.context.set_offline(True)
        link.reset()
        await expect(page.locator(".cut")).to_be_visible()
        await story.go_on()
        assert await page.locator(".entry").count() == 0
        link.restore()
        await page.context.set_offline(False)
        await expect(page.locator(".cut")).to_be_hidden(timeout=BACK_MS)
        await assert_equal_to_rest(page, theatre, scene.task_id)

        # A cable: nobody is told, and after a minute what was sent meanwhile arrives late, beside what is sent anew.
        link.cut()
        await story.go_on(until=monotonic() + LONG_CUT_S)
        await expect(page.locator(".cut")).to_be_visible()
        link.restore()
        await expect(page.locator(".cut")).to_be_hidden(timeout=BACK_MS)
        await assert_equal_to_rest(page, theatre, scene.task_id)

        await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=64, total_pages_crawled=7)
        await expect(page.locator(".title .status")).to_have_text("Completed")
        await expect(page.locator(".stage")).to_have_count(5)
        assert await page.evaluate("window.isTheSame")
        assert page.problems == []
