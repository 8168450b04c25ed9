"""The live connection of the page: servers that end or stand still are waited for without a reload."""

import json
import signal

import pytest
from playwright.async_api import expect

from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.support.network_link import open_link
from tests.support.realtime import until
from tests.support.said import said_by_page
from tests.system.page_server import SCAN_MS, TARGET, Server
from tests.system.page_support import open_page, open_theatre, sign_in
from tests.system.test_new_page import POLICY, built  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
SHOWN_DEAD_MS = 20_000  # so soon a connection that has died is shown as such
BACK_MS = 120_000


class Wire:
    """What a page asks for, and what goes over its sockets."""

    def __init__(self, page):
        self.addresses, self.sockets, self.said, self.heard = [], [], [], []
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("websocket", self._open)

    def _open(self, socket):
        self.addresses.append(socket.url)
        self.sockets.append(socket)
        socket.on("framesent", lambda text: self.said.append(json.loads(text)))
        socket.on("framereceived", lambda text: self.heard.append(json.loads(text)))

    def frames(self, kind):
        return [frame for frame in self.heard if frame["type"] == kind]


async def open_live(browser, url, address, **options):
    """A page that is signed in and live, marked so that a reload would be seen; and its wire."""
    page = await open_page(browser, "about:blank", **options)
    page.on("console", lambda said: page.problems.append(said.text) if POLICY.search(said.text) else None)
    wire = Wire(page)
    await page.goto(f"{url}/{address}")
    await sign_in(page)
    await expect(page.locator(".live[data-kind=live]")).to_be_visible()
    await page.evaluate("window.isTheSame = true")
    return page, wire


async def test_a_server_that_is_stopped_is_waited_for_without_a_reload(browser, tmp_path):
    """SIGTERM in the middle of a real scan; the server that comes after it goes on."""
    server = Server(tmp_path / "data")
    await server.start()
    try:
        page, _ = await open_live(browser, server.url, f"?target={TARGET}")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("选项").click()
        await dialog.get_by_text(said_by_page("start.screenshots", "zh-CN")).click()
        await dialog.get_by_role("button", name="开始扫描").click()
        await expect(page.locator(".line").first).to_be_visible(timeout=SCAN_MS)
        await server.stop()
        await expect(page.locator(".cut")).to_be_visible()
        await server.start()
        await expect(page.locator(".live[data-kind=live]")).to_be_visible(timeout=BACK_MS)
        await expect(page.locator(".title .status")).to_have_text("已完成", timeout=SCAN_MS)
        await expect(page.locator(".stage[data-status=completed]")).to_have_count(5)
        assert await page.evaluate("window.isTheSame")
        assert page.problems == []
    finally:
        await server.stop()


async def test_a_server_that_stands_still_is_shown_within_20_seconds(browser, tmp_path):
    server = Server(tmp_path / "data")
    await server.start()
    try:
        page, _ = await open_live(browser, server.url, "#/scans")
        server.process.send_signal(signal.SIGSTOP)
        try:
            dead = page.locator(".live[data-kind=waiting], .live[data-kind=connecting]")
            await expect(dead).to_be_visible(timeout=SHOWN_DEAD_MS)
        finally:
            server.process.send_signal(signal.SIGCONT)
        await expect(page.locator(".live[data-kind=live]")).to_be_visible(timeout=BACK_MS)
        assert await page.evaluate("window.isTheSame")
        assert page.problems == []
    finally:
        await server.stop()


async def test_a_network_that_swallows_everything_is_left_at_once_when_the_reader_says_so(browser, theatre):
    scene = await theatre.scene()
    async with open_link(theatre.settings.port) as link:
        address = f"#/scans/{scene.task_id}"
        page, _ = await open_live(browser, f"http://127.0.0.1:{link.port}", address, locale="en")
        await page.evaluate("Math.random = () => 1")  # by itself it would wait as long as it may
        link.cut()
        await scene.find("away.test", ViolationKey.ADULT, "high", 0.9, "x")
        again = page.get_by_role("button", name="Retry now")
        # It is told by a ping that nobody answers, then by an attempt that does: half a minute, more when all is busy.
        await expect(again).to_be_visible(timeout=180_000)
        await again.click()
        link.restore()
        await expect(page.locator(".live[data-kind=live]")).to_be_visible(timeout=BACK_MS)
        await expect(page.locator(".entry")).to_contain_text("x")
        assert await page.evaluate("window.isTheSame")
        assert page.problems == []
        await page.context.close()


async def test_no_frame_of_progress_makes_the_page_ask_for_anything(browser, theatre):
    scene = await theatre.scene()
    await scene.stages_up_to(StageKey.THIRD_PARTY)
    page, _ = await open_live(browser, theatre.url, f"#/scans/{scene.task_id}")
    await expect(page.locator(".stage[data-status=running]")).to_have_count(1)
    await page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for number in range(1, 101):
        counts = {"pages": number, "third_parties": number}
        await scene.progress(20 + number // 10, StageKey.THIRD_PARTY, 1 + number // 10, f"page {number}", **counts)
        await scene.log(f"line {number}")
    await expect(page.locator(".verdict .percent")).to_have_text("30%")
    await expect(page.locator(".line").last).to_contain_text("line 100")
    assert asked == []


async def test_nothing_but_ourselves_is_asked_and_no_address_has_a_token(browser, tmp_path):
    async with open_theatre(tmp_path / "data", ws_check_interval_s=0.05) as theatre:
        scene = await theatre.scene()
        page, wire = await open_live(browser, theatre.url, f"#/scans/{scene.task_id}")
        theatre.clock.turned_s = theatre.settings.access_token_ttl_s - 30
        await until(lambda: wire.frames("auth_result"))
        theatre.clock.turned_s = theatre.settings.access_token_ttl_s + 60  # beyond the first token's end
        await scene.find("bad.test", ViolationKey.OTHER, "low", 0.9, "x")
        await expect(page.locator(".entry")).to_have_count(1)
        assert {address.split("/")[2] for address in wire.addresses} == {f"127.0.0.1:{theatre.settings.port}"}
        tokens = [frame["token"] for frame in wire.said if frame["type"] == "auth"]
        assert tokens
        assert all("?ticket=" in socket.url for socket in wire.sockets)
        assert not [url for url in wire.addresses if "eyJ" in url or any(token in url for token in tokens)]
        assert page.problems == []
        await page.context.close()


async def test_another_language_is_another_connection_in_that_language(browser, theatre):
    scene = await theatre.scene()
    page, wire = await open_live(browser, theatre.url, f"#/scans/{scene.task_id}")
    await expect(page.locator("h1")).to_have_text("corp.test")
    await page.get_by_role("button", name="Switch to English").click()
    await until(lambda: len(wire.frames("task_snapshot")) == 2)
    await expect(page.locator(".live[data-kind=live]")).to_be_visible()
    assert [socket.url.rpartition("lang=")[2] for socket in wire.sockets] == ["zh-CN", "en"]
    assert [frame["stages"][1]["name"] for frame in wire.frames("task_snapshot")] == ["页面爬取", "Page crawl"]
    assert page.problems == []


async def test_a_page_that_is_looked_at_again_asks_at_once_whether_its_connection_lives(browser, theatre):
    page, wire = await open_live(browser, theatre.url, "#/scans")
    for moment in ("document.dispatchEvent(new Event('visibilitychange'))", "dispatchEvent(new Event('online'))"):
        wire.said.clear()
        await page.evaluate(moment)
        await until(lambda: {"type": "ping"} in wire.said)


async def test_a_hole_in_the_log_is_shown_and_filled(browser, theatre):
    scene = await theatre.scene()
    await scene.log(*[f"line {number}" for number in range(1, 11)])
    page = await open_page(browser, "about:blank", locale="en")
    await page.route_web_socket("**/monitor/ws**", drop_log_frames)
    await page.goto(f"{theatre.url}/#/scans/{scene.task_id}")
    await sign_in(page)
    await expect(page.locator(".line")).to_have_count(10)
    await scene.log("dropped 1", "dropped 2")
    await scene.log("line 13")
    hole = page.locator(".hole")
    await expect(hole).to_contain_text("2 lines are missing here")
    await hole.get_by_role("button").click()
    await expect(page.locator(".line")).to_have_count(13)
    await expect(hole).to_have_count(0)
    assert page.problems == []


def drop_log_frames(socket):
    """As a server does for a slow client: the lines are replaced by a frame that says so."""
    server = socket.connect_to_server()
    last = {"seq": 0}

    def pass_on(message):
        frame = json.loads(message)
        if frame["type"] == "task_logs" and frame["logs"][0]["message"].startswith("dropped"):
            first, final = frame["logs"][0]["log_seq"], frame["logs"][-1]["log_seq"]
            last["seq"] = frame["prev_seq"]
            dropped = {"type": "logs_dropped", "task_id": frame["task_id"], "from_log_seq": first, "to_log_seq": final}
            message = json.dumps({**dropped, "count": final - first + 1, "reason": "slow_client"})
        elif frame.get("prev_seq") and last["seq"]:
            message = json.dumps({**frame, "prev_seq": last["seq"]})
            last["seq"] = 0
        socket.send(message)

    server.on_message(pass_on)


async def test_a_frame_that_was_lost_is_asked_for_again(browser, theatre):
    scene = await theatre.scene()
    page = await open_page(browser, "about:blank", locale="en")
    lost = []

    def lose_one(socket):
        def pass_on(message):
            if json.loads(message)["type"] == "violation_detected" and not lost:
                lost.append(message)
                return
            socket.send(message)

        socket.connect_to_server().on_message(pass_on)

    await page.route_web_socket("**/monitor/ws**", lose_one)
    await page.goto(f"{theatre.url}/#/scans/{scene.task_id}")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")
    for number in range(3):
        await scene.find(f"bad{number}.test", ViolationKey.OTHER, "low", 0.9, "x")
    await expect(page.locator(".entry")).to_have_count(3)
    assert len(lost) == 1
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=3)
    await expect(page.locator(".verdict[data-tone=bad]")).to_be_visible()
    assert page.problems == []
