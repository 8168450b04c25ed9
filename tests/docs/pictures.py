"""The pictures of the READMEs: the test internet is scanned, and Chromium looks at the page in each language.

`python -m tests.docs.pictures` writes them to `docs/images`; somebody has to look at them before they are committed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.async_api import Browser, Page, expect

from app.domain.messages import Language
from tests.support.backend import ADMIN_PASSWORD
from tests.support.ports import free_port
from tests.system.page_support import open_browser, open_page, sign_in

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
TARGET: Final = "corp.test"
FINDING: Final = "gambling.wanfu-club.test"  # a hidden link in the source of an old page
SIZE: Final = {"width": 1180, "height": 860}
TALL: Final = {"width": 1180, "height": 1560}
COLOURS: Final = 128  # of a palette: a third of the bytes, and nobody sees it
START_S: Final = 120
SCAN_MS: Final = 600_000  # 20 s to 40 s on an idle machine


async def take_all() -> None:
    """One scan, which readers of all languages look at."""
    with TemporaryDirectory() as folder:
        async with serving(Path(folder)) as url, open_browser() as browser:
            pages = {language: await open_signed_in(browser, url, language) for language in Language}
            await start_scan(pages)
            async with asyncio.TaskGroup() as group:
                for language, page in pages.items():
                    group.create_task(take(page, language))


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """Serve the test internet's scanner from a process of its own, from when it answers."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--testnet", "--port", str(port), "--data-dir", str(folder)]
    environment = {**os.environ, "COMPLIANCE_ADMIN_PASSWORD": ADMIN_PASSWORD, "COMPLIANCE_LOG_LEVEL": "ERROR"}
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        await until_open(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until_open(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until the server listens. Raises ConnectionError when it ends instead, TimeoutError."""
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.2)
    raise ConnectionError("The server has ended.")


async def open_signed_in(browser: Browser, url: str, language: Language) -> Page:
    page = await open_page(browser, f"{url}/?target={TARGET}", locale=language.value, viewport=SIZE)
    await sign_in(page)
    return page


async def start_scan(pages: Mapping[Language, Page]) -> None:
    first, *others = pages.values()
    await first.click(".el-dialog button[type=submit]")
    await expect(first.locator(".gantt")).to_be_visible(timeout=SCAN_MS)
    for page in others:
        await page.goto(f"{first.url.partition('?')[0]}#{first.url.partition('#')[2]}")


async def take(page: Page, language: Language) -> None:
    """The scan while it runs, what it found, the evidence of one finding, and the overview."""
    await expect(page.locator(".entry").nth(2)).to_be_visible(timeout=SCAN_MS)
    await keep(page, "scan", language)
    await expect(page.locator(".verdict progress")).to_have_count(0, timeout=SCAN_MS)
    await expect(page.locator("a.evidence").first).to_be_visible(timeout=SCAN_MS)
    await page.set_viewport_size(TALL)  # type: ignore[arg-type]
    await keep(page, "findings", language)
    address = page.url.partition("#")[0]
    scan = page.url.partition("#")[2].partition("?")[0]
    await page.goto(f"{address}#{scan}/findings/{FINDING}")
    await expect(page.locator(".screenshot img").first).to_be_visible(timeout=SCAN_MS)
    await keep(page, "evidence", language)
    await page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    await page.goto(f"{address}#/overview")
    await expect(page.locator(".canvas canvas")).to_be_visible(timeout=SCAN_MS)
    await keep(page, "overview", language)


async def keep(page: Page, name: str, language: Language) -> None:
    picture = Image.open(BytesIO(await page.screenshot(animations="disabled")))
    few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.{language.value}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(take_all())
