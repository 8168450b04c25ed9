"""What the new page costs a browser with much to show: `make page-figures` prints it.

Size of everything that the address of a scan loads, elements of the document at 10,000 findings and at 100,000 lines of
log, and the longest frame while lines arrive and the log is scrolled.
"""

import asyncio
import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.async_api import Page, expect

from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.support.violations import new_violation
from tests.system.page_support import Scene, open_browser, open_page, open_theatre, sign_in

FINDINGS: Final = 10_000
LINES: Final = 100_000
AT_ONCE: Final = 500  # of both, in one transaction
LIVE_BATCHES: Final = 40
LOADED_MS: Final = 120_000
# Longest time between two frames, in ms, from now until `stopFrames()`.
WATCH_FRAMES: Final = """() => {
    let last = performance.now(), longest = 0, isOn = true;
    const frame = (now) => {
        longest = Math.max(longest, now - last);
        last = now;
        if (isOn) requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
    window.stopFrames = () => { isOn = false; return longest; };
}"""
SCROLL: Final = """async () => {
    const box = document.querySelector("[role=log]");
    for (let step = 0; step < 120; step += 1) {
        box.scrollTop = (step / 120) * box.scrollHeight;
        await new Promise(requestAnimationFrame);
    }
}"""


async def take_figures() -> list[str]:
    with TemporaryDirectory() as folder:
        async with open_theatre(Path(folder)) as theatre, open_browser() as browser:
            found, logged = await theatre.scene("found.test"), await theatre.scene("logged.test")
            await fill_findings(found)
            await fill_log(logged)
            page = await open_page(browser, f"{theatre.url}/app/#/scans/{logged.task_id}", locale="en")
            loaded: set[str] = set()
            page.on("request", lambda request: loaded.add(request.url) if "/app/" in request.url else None)
            await page.reload()
            await page.wait_for_selector("#username")
            await sign_in(page)
            await expect(page.locator(".line").first).to_be_visible(timeout=LOADED_MS)
            size = sum([len(gzip.compress(await (await page.request.get(url)).body())) for url in loaded])
            figures = [
                f"everything that a scan's address loads: {size / 1_000:.0f} kB compressed",
                f"elements with {LINES:,} lines of log: {await elements(page):,}",
                f"longest frame while {LIVE_BATCHES * AT_ONCE:,} more lines arrive: {await live(page, logged):.0f} ms",
                f"longest frame while the log is scrolled from end to end: {await scroll(page):.0f} ms",
            ]
            await page.goto(f"{theatre.url}/app/#/scans/{found.task_id}")
            await expect(page.locator(".entry").first).to_be_visible(timeout=LOADED_MS)
            return [*figures, f"elements with {FINDINGS:,} findings: {await elements(page):,}"]


async def fill_findings(scene: Scene) -> None:
    for start in range(0, FINDINGS, AT_ONCE):
        some = [
            new_violation(
                f"casino{number}.test", violation_key=ViolationKey.GAMBLING, url=f"http://casino{number}.test/"
            )
            for number in range(start, start + AT_ONCE)
        ]
        await scene.say(*(one.event("en") for one in some), violations=some)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=FINDINGS, total_pages_crawled=7)


async def fill_log(scene: Scene) -> None:
    for start in range(0, LINES, AT_ONCE):
        await scene.log(*(f"https://www.logged.test/{number}: HTTP 200" for number in range(start, start + AT_ONCE)))


async def elements(page: Page) -> int:
    return await page.locator("*").count()


async def live(page: Page, scene: Scene) -> float:
    await page.evaluate(WATCH_FRAMES)
    for batch in range(LIVE_BATCHES):
        await scene.log(*(f"live {batch} {number}" for number in range(AT_ONCE)))
    await expect(page.locator(".line").last).to_contain_text(f"live {LIVE_BATCHES - 1} ")
    return float(await page.evaluate("stopFrames()"))


async def scroll(page: Page) -> float:
    await page.evaluate(WATCH_FRAMES)
    await page.evaluate(SCROLL)
    return float(await page.evaluate("stopFrames()"))


if __name__ == "__main__":
    print("\n".join(asyncio.run(take_figures())))
