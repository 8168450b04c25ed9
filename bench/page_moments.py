"""When the page has what its reader waits for, and what following many scans costs: part of `bench.page_figures`.

Times are those of the page's own clock, of the median of some tries; the processor's share is that of the process that
renders the tab, as Chromium counts it.
"""

import asyncio
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from playwright.async_api import Browser, CDPSession, Page, expect

from app.domain.stages import StageKey
from app.domain.violations import ViolationKey
from tests.support.network_link import open_link
from tests.system.page_support import Scene, Theatre, open_browser, open_page, open_theatre, sign_in

TRIES: Final = 5
SCANS: Final = 50  # followed at once
FRAMES_A_S: Final = 34  # of all scans; the list follows the thirty that it shows, and gets 20
FOLLOWED_S: Final = 20
LINES: Final = 300
FINDINGS: Final = 20
PERCENT: Final = 60
DEAD_MS: Final = 60_000
STATE: Final = ["[role=progressbar], progress", ".entry", ".line"]  # what the view of a running scan consists of
# The moment, in ms since the address was asked for, from which the view is there and the page's thread is idle.
READY: Final = """(selectors) => new Promise((resolve) => {
    const look = () => {
        if (!selectors.every((selector) => document.querySelector(selector))) return requestAnimationFrame(look);
        requestIdleCallback(() => resolve(performance.now()));
    };
    look();
})"""
# The ms from a click on a link within the page until all of the view is there, painted.
OPENED: Final = """([hash, selectors, text]) => new Promise((resolve) => {
    const start = performance.now();
    location.hash = hash;
    const look = () => {
        const isThere = selectors.every((selector) => document.querySelector(selector))
            && document.body.innerText.includes(text);
        if (!isThere) return requestAnimationFrame(look);
        requestAnimationFrame(() => resolve(performance.now() - start));
    };
    look();
})"""


async def take_moments(divide: int = 1) -> list[str]:
    """`divide`: an Nth of the scans, and of the time for which they are followed."""
    with TemporaryDirectory() as folder:
        async with open_theatre(Path(folder), ws_max_connections_per_address=200) as theatre, open_browser() as browser:
            scene = await theatre.scene("running.test")
            await fill(scene)
            page = await open_page(browser, theatre.url, locale="en")
            await sign_in(page)
            return [
                f"a scan's address can be used: {await interactive(page, theatre, scene):.2f} s",
                f"a scan at {PERCENT} % shows all of its state: {await opened(page, theatre, scene):.2f} s",
                await followed(page, theatre, scans=max(1, SCANS // divide), followed_s=max(1, FOLLOWED_S // divide)),
                f"a dead link is shown: {await dead_link(browser, theatre, scene):.1f} s",
            ]


async def fill(scene: Scene) -> None:
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    for number in range(FINDINGS):
        await scene.find(f"casino{number}.test", ViolationKey.GAMBLING, "high", 0.9, "bets")
    await scene.log(*(f"https://www.running.test/{number}: HTTP 200" for number in range(LINES)))
    await scene.progress(PERCENT, StageKey.CONTENT_CAPTURE, 40, "65 of 106 screenshots", subdomains=17, pages=352)


async def interactive(page: Page, theatre: Theatre, scene: Scene) -> float:
    """Seconds from asking for a scan's address, with nothing cached, until it is there and the page is idle."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    taken = []
    for _ in range(TRIES):
        await page.goto("about:blank")
        await page.goto(f"{theatre.url}/#/scans/{scene.task_id}", wait_until="commit")
        taken.append(float(await page.evaluate(READY, STATE)))
    await session.detach()
    return median(taken) / 1_000


async def opened(page: Page, theatre: Theatre, scene: Scene) -> float:
    """Seconds from a click in the list of scans until the view of a running one is whole."""
    taken = []
    for _ in range(TRIES):
        await page.goto(f"{theatre.url}/#/scans")
        await expect(page.locator(".row").first).to_be_visible()
        taken.append(float(await page.evaluate(OPENED, [f"#/scans/{scene.task_id}", STATE, f"{PERCENT}%"])))
    return median(taken) / 1_000


async def followed(page: Page, theatre: Theatre, *, scans: int, followed_s: int) -> str:
    """The share of a core that the list of scans takes while so many of them make progress."""
    scenes = [await theatre.scene(f"site{number}.test") for number in range(scans)]
    for scene in scenes:
        await scene.stages_up_to(StageKey.PAGE_CRAWL)
    await page.goto(f"{theatre.url}/#/scans")
    await expect(page.locator(".row").first).to_be_visible()
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await session.send("Network.enable")
    got: list[float] = []
    session.on("Network.webSocketFrameReceived", lambda _: got.append(monotonic()))
    before, began = await process_s(session), monotonic()
    for number in range(followed_s * FRAMES_A_S):
        await asyncio.sleep(max(0.0, began + number / FRAMES_A_S - monotonic()))
        scene = scenes[number % scans]
        await scene.progress(number * 95 // (followed_s * FRAMES_A_S), StageKey.PAGE_CRAWL, 50, f"page {number}")
    took = monotonic() - began
    share = (await process_s(session) - before) / took
    return f"the list of {scans} running scans, with {len(got) / took:.0f} frames a second: {share:.1%} of a core"


async def process_s(session: CDPSession) -> float:
    """Processor time of the tab's process until now."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "ProcessTime")


async def dead_link(browser: Browser, theatre: Theatre, scene: Scene) -> float:
    """Seconds from when a network swallows everything, without a word, until the page says so."""
    async with open_link(theatre.settings.port) as link:
        page = await open_page(browser, f"http://127.0.0.1:{link.port}/#/scans/{scene.task_id}", locale="en")
        await sign_in(page)
        await expect(page.locator(".live[data-kind=live]")).to_be_visible()
        link.cut()
        began = monotonic()
        shown = page.locator(".live[data-kind=waiting], .live[data-kind=connecting]")
        await expect(shown).to_be_visible(timeout=DEAD_MS)
        return monotonic() - began


if __name__ == "__main__":
    print("\n".join(asyncio.run(take_moments())))
