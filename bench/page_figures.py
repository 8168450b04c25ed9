"""What the page costs a browser with much to show: `python -m bench.page_figures`.

Bytes on the wire of everything that the address of a scan loads, elements of the document at 10,000 findings and at
100,000 lines of log; and while both are opened, while lines arrive and while the log is scrolled: the longest frame,
which other work on the machine lengthens, and the processor time of the longest task of the page's thread, which it
hardly does. Then what `bench.page_moments` measures.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.async_api import Browser, Page, expect

from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from bench.page_moments import take_moments
from tests.support.violations import new_violation, tell
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
# Bytes of the files of the page that this document has loaded: as they were sent, and what they are.
LOADED: Final = """() => {
    const loaded = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/assets/"));
    const sum = (field) => loaded.reduce((total, entry) => total + entry[field], 0);
    return [sum("encodedBodySize"), sum("decodedBodySize")];
}"""
SCROLL: Final = """async () => {
    const box = document.querySelector("[role=log]");
    for (let step = 0; step < 120; step += 1) {
        box.scrollTop = (step / 120) * box.scrollHeight;
        await new Promise(requestAnimationFrame);
    }
}"""


async def take_figures(divide: int = 1) -> list[str]:
    findings, lines, batches = (max(1, number // divide) for number in (FINDINGS, LINES, LIVE_BATCHES))
    with TemporaryDirectory() as folder:
        async with open_theatre(Path(folder)) as theatre, open_browser() as browser:
            found, logged = await theatre.scene("found.test"), await theatre.scene("logged.test")
            await fill_findings(found, findings)
            await fill_log(logged, lines)
            page = await open_page(browser, f"{theatre.url}/#/scans/{logged.task_id}", locale="en")
            await page.reload()
            await page.wait_for_selector("#username")
            opened = await traced(browser, page, open_log(page))
            sent, unpacked = await page.evaluate(LOADED)
            figures = [
                f"a scan's address loads: {sent / 1_000:.0f} kB on the wire, {unpacked / 1_000:.0f} kB unpacked",
                f"elements with {lines:,} lines of log: {await elements(page):,}",
                f"a scan with {lines:,} lines of log is opened: {opened}",
                f"{batches * AT_ONCE:,} more lines arrive: {await traced(browser, page, live(page, logged, batches))}",
                f"the log is scrolled from end to end: {await traced(browser, page, scroll(page))}",
            ]
            opened = await traced(browser, page, open_findings(page, f"{theatre.url}/#/scans/{found.task_id}"))
            return [
                *figures,
                f"a scan with {findings:,} findings is opened: {opened}",
                f"elements with {findings:,} findings: {await elements(page):,}",
            ]


async def traced(browser: Browser, page: Page, action: Awaitable[None]) -> str:
    """The longest frame and the longest task of the page's thread meanwhile."""
    await page.evaluate(WATCH_FRAMES)
    await browser.start_tracing(page=page, categories=["__metadata", "toplevel"])
    await action
    frame = float(await page.evaluate("stopFrames()"))
    return f"longest frame {frame:.0f} ms, longest task {longest_task_ms(await browser.stop_tracing()):.0f} ms"


def longest_task_ms(trace: bytes) -> float:
    """Processor time of the longest task of a thread that renders a page."""
    events = json.loads(trace)["traceEvents"]
    named = [event for event in events if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"]
    threads = {(event["pid"], event["tid"]) for event in named}
    tasks = [e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in threads]
    return max(float(event.get("tdur", 0)) for event in tasks) / 1_000


async def open_log(page: Page) -> None:
    await sign_in(page)
    await expect(page.locator(".line").first).to_be_visible(timeout=LOADED_MS)


async def open_findings(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.locator(".entry").first).to_be_visible(timeout=LOADED_MS)


async def fill_findings(scene: Scene, findings: int) -> None:
    for start in range(0, findings, AT_ONCE):
        some = [
            new_violation(
                f"casino{number}.test", violation_key=ViolationKey.GAMBLING, url=f"http://casino{number}.test/"
            )
            for number in range(start, min(findings, start + AT_ONCE))
        ]
        told = tell(*some, known=scene.findings)
        await scene.say(*(event.body for event in told.events), told=told)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=findings, total_pages_crawled=7)


async def fill_log(scene: Scene, lines: int) -> None:
    for start in range(0, lines, AT_ONCE):
        await scene.log(*(f"https://www.logged.test/{number}: HTTP 200" for number in range(start, start + AT_ONCE)))


async def elements(page: Page) -> int:
    return await page.locator("*").count()


async def live(page: Page, scene: Scene, batches: int) -> None:
    for batch in range(batches):
        await scene.log(*(f"live {batch} {number}" for number in range(AT_ONCE)))
    await expect(page.locator(".line").last).to_contain_text(f"live {batches - 1} ")


async def scroll(page: Page) -> None:
    await page.evaluate(SCROLL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--divide", type=int, default=1, metavar="N", help="an Nth of everything")
    divide = parser.parse_args().divide
    print("\n".join(asyncio.run(take_figures(divide))))
    print("\n".join(asyncio.run(take_moments(divide))))
