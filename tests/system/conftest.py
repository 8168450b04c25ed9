"""For the tests of the page: one browser for a file of tests, and a server with a folder of its own for each test.

Who asks for them runs on a loop that the whole file shares: `pytest.mark.asyncio(loop_scope="module")`.
"""

import pytest_asyncio

from tests.system.page_support import open_browser, open_theatre


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started_browser():
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def browser(started_browser):
    """Without a window: those of the test before are closed, which would try to reach its server for ever."""
    yield started_browser
    for context in started_browser.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def theatre(tmp_path):
    async with open_theatre(tmp_path / "data") as opened:
        yield opened
