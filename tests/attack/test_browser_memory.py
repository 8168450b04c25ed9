"""Pages of a few bytes that take all the memory there is, or make their title the whole of it."""

import asyncio
import contextlib

import pytest

from app.engines.capture.browser_memory import bytes_of, family
from app.engines.capture.page_renderer import MAX_URL, RenderOversized
from app.engines.capture.page_source import MAX_HTML, MAX_TITLE
from app.engines.capture.render_limit import RenderLimit
from tests.system.test_browser import browsing, page
from tests.unit.engines.net.servers import http_server, routes

pytestmark = pytest.mark.system
GIB = 1 << 30
LIMIT = GIB
MUCH = 3.5 * GIB  # a page gets so far between two looks, on a machine that does much else
GREEDY = {
    "/script": "<script>for (const all = [];;) all.push(new Uint8Array(5e7).fill(1))</script>",
    "/text": "<script>for (let all = ['x'];;) all.push(all.join('x') + '中')</script>",
}
# Its page is rendered while the worker still fills the memory, and ends with the page, or is too much before that.
BESIDE = (
    "<script>new Worker(URL.createObjectURL(new Blob(["
    "'for (const all = [];;) all.push(new Uint8Array(5e7).fill(1))'])))</script>"
)
LARGE = """<title>x</title><img name=title><div hidden id=held></div><script>
String.prototype.slice = function () { return this };
const text = 'x'.repeat(6e6);
document.querySelector('title').textContent = text;
history.replaceState(null, '', '/#' + 'y'.repeat(1e5));
document.getElementById('held').append(text);
</script>"""


async def most_of(browser, seen):
    """Note how much the browser takes at most."""
    while True:
        root = browser._profile.root() if browser._profile else 0
        if root:
            held = await asyncio.to_thread(lambda root=root: bytes_of(family(root), 0))
            seen.append(sum(held.values()))
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def limited(table, seen):
    """A browser with LIMIT; `seen`: what it takes."""
    async with (
        http_server(routes({name: page(html) for name, html in table.items()})) as server,
        browsing(port_map={80: server.port}, browser_max_bytes=LIMIT) as browser,
    ):
        watching = asyncio.create_task(most_of(browser, seen))
        yield browser
        watching.cancel()


@pytest.mark.parametrize("path", GREEDY)
async def test_a_page_that_takes_all_memory_is_ended_and_the_next_is_rendered(path):
    seen = []
    async with limited({**GREEDY, "/": "<title>fine</title>"}, seen) as browser:
        with pytest.raises(RenderOversized):
            await browser.render(f"http://www.test{path}", limit=RenderLimit(60))
        assert (await browser.render("http://www.test/", limit=RenderLimit(60))).title == "fine"
    assert LIMIT / 2 < max(seen) < MUCH


async def test_a_worker_of_a_page_cannot_take_all_memory_either():
    seen = []
    async with limited({"/beside": BESIDE, "/": "<title>fine</title>"}, seen) as browser:
        with contextlib.suppress(RenderOversized):
            await browser.render("http://www.test/beside", limit=RenderLimit(60))
        assert (await browser.render("http://www.test/", limit=RenderLimit(60))).title == "fine"
    assert max(seen) < MUCH


async def test_title_text_and_address_are_cut_before_they_leave_the_page():
    async with http_server(routes({"/": page(LARGE)})) as server, browsing(port_map={80: server.port}) as browser:
        for logs in (False, True):
            rendered = await browser.render("http://www.test/", limit=RenderLimit(60), logs=logs)
            assert len(rendered.title) == MAX_TITLE
            assert len(rendered.html) == MAX_HTML
            assert rendered.html.startswith("<html>")
            assert len(rendered.final_url) <= MAX_URL


async def test_frames_that_are_part_of_a_page_are_read():
    html = "<p>x</p><iframe srcdoc='<p>framed'></iframe><iframe sandbox srcdoc='<p>sandboxed'></iframe>"
    async with http_server(routes({"/": page(html)})) as server, browsing(port_map={80: server.port}) as browser:
        rendered = await browser.render("http://www.test/", limit=RenderLimit(60), logs=True)
    assert sorted("sandboxed" in frame for frame in rendered.frames) == [False, True]
