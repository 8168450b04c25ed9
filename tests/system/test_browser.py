"""The real Chromium behind the real proxy. Fails, never skips, where Chromium is missing."""

import asyncio
import contextlib
import os
import select
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import PageRenderer, RenderFailed, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.model import NetworkConfig
from app.engines.net.egress import EgressProxy
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from tests.unit.engines.net.servers import http_server, response, routes

pytestmark = pytest.mark.system
beside_others = pytest.mark.asyncio(loop_scope="module")  # in the browser of the tests before
NETWORK = "127.64.0.0/10"
HOSTS = dict.fromkeys(("www.test", "other.test", "cdn.test"), ("127.64.0.1", None))


@contextlib.asynccontextmanager
async def browsing(**config):
    settings = NetworkConfig(allow_networks=(NETWORK,), static_hosts=HOSTS, **config)
    resolver = Resolver(config=settings)
    policy = AddressPolicy(allow_networks=(NETWORK,), allowed_ports=settings.allowed_ports)
    proxy = EgressProxy(policy=policy, resolver=resolver)
    browser = PageRenderer(
        config=settings,
        proxy_url=await proxy.start(),
        proxy_username=proxy.username,
        proxy_password=proxy.password,
        serve=proxy.serve,
    )
    try:
        await browser.start()
        browser.proxy = proxy
        yield browser
    finally:
        await browser.close()
        await proxy.close()
        await resolver.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared():
    """A browser, and what its sites answer by path, on http and on https without a good certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("wrong.test").configure_cert(context)
    table = {}
    async with (
        http_server(routes(table)) as server,
        http_server(routes(table), ssl=context) as secure,
        browsing(port_map={80: server.port, 443: secure.port}) as browser,
    ):
        yield browser, table


@pytest.fixture
def browser(shared):
    return shared[0]


@pytest.fixture
def table(shared):
    """Empty as yet."""
    shared[1].clear()
    return shared[1]


def page(text):
    return response(text.encode(), Content_Type="text/html; charset=utf-8")


@beside_others
async def test_a_page_is_rendered_through_the_proxy_after_its_scripts_ran(browser, table):
    html = """<title>标题</title><h1>静态</h1><script src="http://cdn.test/lib.js"></script>
    <iframe src="/frame"></iframe>"""
    script = "document.body.append('made by script'); fetch('/data')"
    table |= {"/": page(html), "/lib.js": page(script), "/frame": page("<img src='/pixel.gif'>"), "/data": page("{}")}
    rendered = await browser.render("http://www.test/")
    assert rendered.title == "标题"
    assert rendered.final_url == "http://www.test/"
    assert "made by script" in rendered.html
    assert rendered.screenshot.startswith(b"\xff\xd8\xff")


@beside_others
async def test_a_page_takes_itself_for_online(browser, table):
    """In a network namespace without any interface Chromium says otherwise."""
    table["/"] = page("<script>document.title = `online: ${navigator.onLine}`</script>")
    assert (await browser.render("http://www.test/")).title == "online: true"


@beside_others
async def test_the_screenshot_is_1280_by_800(browser, table):
    table["/"] = page("x")
    picture = (await browser.render("http://www.test/")).screenshot
    assert size_of_jpeg(picture) == (1280, 800)


def size_of_jpeg(data):
    position = 2
    while data[position + 1] not in (0xC0, 0xC1, 0xC2):
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return int.from_bytes(data[position + 7 : position + 9]), int.from_bytes(data[position + 5 : position + 7])


async def test_a_page_reaches_nothing_on_the_scanners_own_machine():
    """By frame, redirected frame, WebSocket, fetch, image, beacon, worker, prefetch and WebRTC."""
    async with http_server(routes({}), address="127.0.0.1") as victim:
        host = f"127.0.0.1:{victim.port}"
        html = f"""<p id=done>not yet</p>
        <link rel=preconnect href="http://{host}"><link rel=prefetch href="http://{host}/prefetch">
        <iframe src="http://{host}/frame"></iframe><iframe src="/redirect"></iframe>
        <img src="http://localhost:{victim.port}/img"><img src="http://[::ffff:127.0.0.1]:{victim.port}/img6">
        <script>
        const tries = [];
        tries.push(new Promise(done => {{
            const ws = new WebSocket('ws://{host}/ws'); ws.onerror = ws.onopen = done; }}));
        tries.push(new Promise(done => {{
            const ws = new WebSocket('wss://{host}/ws'); ws.onerror = ws.onopen = done; }}));
        tries.push(fetch('http://{host}/fetch', {{mode: 'no-cors'}}).catch(() => 0));
        tries.push(fetch('/redirect', {{mode: 'no-cors'}}).catch(() => 0));
        navigator.sendBeacon('http://{host}/beacon', 'x');
        new Worker(URL.createObjectURL(new Blob(["fetch('http://{host}/worker', {{mode: 'no-cors'}})"])));
        try {{
            const peer = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{host}?transport=tcp', username: 'u',
                credential: 'c'}}]}});
            peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer));
        }} catch (error) {{}}
        Promise.all(tries).then(() => document.getElementById('done').textContent = 'all tried');
        </script>"""
        table = {"/": page(html), "/redirect": response(status="302 Found", Location=f"http://{host}/redirected")}
        async with http_server(routes(table)) as server, browsing(port_map={80: server.port}) as browser:
            rendered = await browser.render("http://www.test/")
            blocked = browser.proxy.blocked_count
            assert browser.proxy.unresolved_count == 1  # localhost: nor does the browser call home
    assert "all tried" in rendered.html
    assert blocked >= 6
    assert victim.connections == 0


@beside_others
async def test_a_bad_certificate_does_not_hide_the_page(browser, table):
    table["/"] = page("<title>shown</title>")
    assert (await browser.render("https://www.test/")).title == "shown"


@beside_others
async def test_a_client_side_redirect_is_followed(browser, table):
    table |= {"/": page("<script>location='http://other.test/end'</script>"), "/end": page("<title>end</title>")}
    rendered = await browser.render("http://www.test/")
    assert (rendered.final_url, rendered.title) == ("http://other.test/end", "end")


@beside_others
async def test_pages_know_nothing_of_each_other(browser, table):
    table |= {
        "/": page("<script>localStorage.a = 1; document.cookie = 'a=1'</script>"),
        "/later": page("<script>document.title = 'seen:' + localStorage.a + document.cookie</script>"),
    }
    await browser.render("http://www.test/")
    assert (await browser.render("http://www.test/later")).title == "seen:undefined"


async def test_a_page_that_hangs_fails_in_time_and_the_next_one_works():
    table = {"/": page("<script>while (true) {}</script>"), "/fine": page("<title>fine</title>")}
    async with http_server(routes(table)) as server, browsing(port_map={80: server.port}) as browser:
        with pytest.raises(RenderFailed):
            await browser.render("http://www.test/", limit=RenderLimit(3))
        assert (await browser.render("http://www.test/fine")).title == "fine"


@beside_others
@pytest.mark.parametrize(
    "url", ["http://unknown.invalid/", "https://unknown.invalid/", "http://127.0.0.1/", "file:///"]
)
async def test_what_the_proxy_refuses_is_no_page(browser, url):
    with pytest.raises(RenderFailed) as failed:
        await browser.render(url, limit=RenderLimit(60))
    assert not isinstance(failed.value, RenderSlow)


async def test_a_crashed_browser_is_started_again():
    async with (
        http_server(routes({"/": page("<title>fine</title>")})) as server,
        browsing(port_map={80: server.port}) as browser,
    ):
        for pid, line in command_lines(browser).items():
            if b"--type=" not in line and b"run-driver" not in line:
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(RenderFailed):  # the one that notices may fail
            await browser.render("http://www.test/")
        assert (await browser.render("http://www.test/")).title == "fine"


def command_lines(browser):
    """Of all the browser's processes, by pid."""
    pids = browser._profile.processes()
    return {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}


def statuses(browser):
    return [
        Path(f"/proc/{p}/status").read_text()
        for p, line in command_lines(browser).items()
        if b"--type=renderer" in line
    ]


async def test_renderers_are_sandboxed_and_never_root():
    async with browsing() as browser:
        renderers = statuses(browser)
        users = {line.split()[1] for status in renderers for line in status.splitlines() if line.startswith("Uid:")}
    assert renderers
    assert all("\nSeccomp:\t2\n" in status for status in renderers)
    assert "0" not in users


async def test_no_page_is_rendered_for_the_browsers_own_windows():
    """A page costs a processor as much as itself."""
    async with browsing() as browser:
        chromium = await browser.running()
        context = await chromium.new_context()
        await context.new_page()
        session = await chromium.new_browser_cdp_session()
        targets = (await session.send("Target.getTargets"))["targetInfos"]
        await session.detach()
        await context.close()
    assert [target for target in targets if target["type"] == "browser_ui"] == []


async def test_closing_leaves_no_process_and_no_file():
    async with browsing() as browser:
        profile = browser._profile
        assert len(profile.processes()) > 3
    assert profile.processes() == []
    assert not profile.base.exists()


async def test_closing_a_stopped_browser_still_leaves_nothing():
    async with browsing() as browser:
        profile = browser._profile
        for pid in profile.processes():
            os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(90):  # and not for ever, as what waits for a stopped process does
            await browser.close()
    assert profile.processes() == []


async def test_a_browser_that_does_not_start_is_unavailable_and_leaves_nothing():
    with pytest.raises(BrowserUnavailable, match="its process exited immediately"):
        async with browsing(chromium_path="/bin/false"):
            pass


SCAN = """
import asyncio, sys
from app.engines.capture.page_renderer import PageRenderer
from app.engines.model import NetworkConfig
async def main():
    config = NetworkConfig()
    browser = PageRenderer(config=config, proxy_url="http://127.0.0.1:9", proxy_username="u", proxy_password="p")
    await browser.start()
    print(*browser._profile.processes(), flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


@pytest.mark.parametrize("whole_group", [True, False])
def test_no_chromium_survives_the_scan_that_is_killed(whole_group):
    scan = subprocess.Popen(
        [sys.executable, "-c", SCAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with scan:
        pids = [int(pid) for pid in scan.stdout.readline().split()]
        assert len(pids) > 3
        handles = [os.pidfd_open(pid) for pid in pids]
        (os.killpg if whole_group else os.kill)(scan.pid, signal.SIGKILL)
        for handle in handles:
            assert select.select([handle], [], [], 60)[0], "a process of the browser is still alive"
            os.close(handle)
