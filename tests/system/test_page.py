"""The page at `/`, in the real Chromium, in front of the real server."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.core.ids import new_id
from app.domain.stages import StageKey
from app.domain.verdict import Reason, Result, Verdict
from app.domain.violations import ViolationKey
from app.engines.model import Relation
from app.repositories.tasks import TaskFilter
from tests.support.backend import ADMIN_PASSWORD
from tests.support.realtime import until
from tests.system.page_support import capture, open_browser, open_page, open_theatre, party, sign_in

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def theatre(tmp_path: Path):
    async with open_theatre(tmp_path / "data") as opened:
        yield opened


async def open_task(browser, scene, **options):
    page = await open_page(browser, f"{scene.theatre.url}/#/tasks/{scene.task_id}", **options)
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text(scene.domain)
    return page


async def rest_violations(theatre, task_id):
    async with httpx.AsyncClient(base_url=f"{theatre.url}/api/v1", trust_env=False) as client:
        body = {"username": "admin", "password": ADMIN_PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get(f"/tasks/{task_id}/violations", params={"page_size": 200}, headers=headers)
        return answer.json()["items"]


def read_lines(path):
    return path.read_text("utf-8").splitlines()


async def shown_violations(page):
    """(id, domain, risk) of every violation on the page."""
    cards = "cards => cards.map(c => [c.dataset.id, c.querySelector('.violation-domain').textContent, c.dataset.risk])"
    return await page.locator(".violation").evaluate_all(cards)


async def assert_equal_to_rest(page, theatre, task_id):
    items = await rest_violations(theatre, task_id)
    expected = sorted([item["violation_id"], item["domain"], item["risk_level"]] for item in items)
    await expect(page.locator(".violation")).to_have_count(len(expected))
    assert sorted(await shown_violations(page)) == expected


async def test_a_wrong_password_is_said_in_the_language_that_was_chosen(browser, theatre):
    page = await open_page(browser, theatre.url)
    await page.fill("#username", "admin")
    await page.fill("#password", "not this one")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("用户名或密码错误。")
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Domain Compliance Scanner")
    await page.reload()
    assert await page.evaluate("document.documentElement.lang") == "en"
    await sign_in(page)
    await expect(page.get_by_text("No scans yet")).to_be_visible()
    assert page.problems == []


async def test_the_token_stays_in_the_tab_and_a_reload_keeps_the_session(browser, theatre):
    page = await open_page(browser, theatre.url)
    await sign_in(page)
    assert await page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert await page.evaluate("document.cookie") == ""
    await page.reload()
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    await page.get_by_role("button", name="退出").click()
    await expect(page.locator("#password")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


class Wire:
    """What a page asks for, and what goes over its sockets."""

    def __init__(self, page):
        self.page = page
        self.addresses = []
        self.sockets = []
        self.said = []
        self.heard = []
        self.tokens = set()
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("websocket", self._open)

    def _open(self, socket):
        self.addresses.append(socket.url)
        self.sockets.append(socket)
        socket.on("framesent", lambda text: self.said.append(json.loads(text)))
        socket.on("framereceived", lambda text: self.heard.append(json.loads(text)))

    async def note_token(self):
        """Remembers the access token that the page has now."""
        session = await self.page.evaluate("JSON.parse(sessionStorage.getItem('compliance.session'))")
        self.tokens.add(session["access"])

    def assert_no_token_in_an_address(self):
        assert all("?ticket=" in socket.url for socket in self.sockets)
        assert not [url for url in self.addresses if "token=" in url or any(token in url for token in self.tokens)]


@asynccontextmanager
async def open_wire(browser, scene):
    """A page on the scene's task that never waits for chance, and its wire. It must not outlive its server."""
    page = await open_page(browser, "about:blank")
    await page.add_init_script("Math.random = () => 0;")
    wire = Wire(page)
    try:
        await page.goto(f"{scene.theatre.url}/#/tasks/{scene.task_id}")
        await sign_in(page)
        await expect(page.locator(".live[data-phase=online]")).to_be_visible()
        await wire.note_token()
        yield page, wire
        assert page.problems == []
    finally:
        await page.context.close()


async def test_a_connection_outlives_its_token_and_no_address_has_one(browser, tmp_path):
    async with open_theatre(tmp_path / "data", ws_check_interval_s=0.05) as theatre:
        scene, manager = await theatre.scene(), theatre.backend.manager
        async with open_wire(browser, scene) as (page, wire):
            life_s = theatre.settings.access_token_ttl_s
            theatre.clock.turned_s = life_s - 30
            await until(lambda: any(frame["type"] == "auth_result" for frame in wire.heard), timeout_s=10)
            await wire.note_token()
            theatre.clock.turned_s = life_s + 60  # beyond the first token's end
            for connection in manager.registry.all():
                manager.heartbeat.check(connection, asyncio.get_running_loop().time())
            await scene.find("bad.test", ViolationKey.OTHER, "low", 0.9, "x")
            await expect(page.locator(".violation")).to_have_count(1)
            (socket,) = wire.sockets
            assert not socket.is_closed()
            (auth,) = [frame for frame in wire.said if frame["type"] == "auth"]
            assert auth["token"] in wire.tokens
            assert len(wire.tokens) == 2
            wire.assert_no_token_in_an_address()


async def test_a_token_that_ended_unseen_is_renewed_and_nothing_is_missed(browser, tmp_path):
    async with open_theatre(tmp_path / "data", ws_check_interval_s=0.05) as theatre:
        scene = await theatre.scene()
        async with open_wire(browser, scene) as (page, wire):
            theatre.clock.turned_s = theatre.settings.access_token_ttl_s + 1
            await until(lambda: len(wire.sockets) == 2, timeout_s=10)
            await scene.find("bad.test", ViolationKey.OTHER, "low", 0.9, "x")
            await expect(page.locator(".violation")).to_have_count(1)
            await expect(page.locator(".live[data-phase=online]")).to_be_visible()
            await wire.note_token()
            assert len(wire.tokens) == 2
            wire.assert_no_token_in_an_address()


async def test_a_scan_is_started_and_what_is_wrong_with_a_domain_is_said(browser, theatre):
    page = await open_page(browser, f"{theatre.url}/?target=127.0.0.1")
    await sign_in(page)
    await page.get_by_role("button", name="开始扫描").click()
    await expect(page.get_by_role("alert")).to_have_text("请输入域名，而不是 IP 地址。")
    await page.locator("summary").click()
    await page.fill("#max_pages", "0")
    await page.fill("#domain", "例子.test")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("config.max_pages")
    await page.fill("#max_pages", "50")
    await page.fill("#time_limit", "10")
    await page.locator("#screenshots").uncheck()
    await page.locator("#cloaking").uncheck()
    await page.get_by_role("button", name="开始扫描").click()
    await expect(page.locator("h1")).to_have_text("xn--fsqu00a.test")
    await expect(page.locator(".title-line .status")).to_have_text("等待中")
    rows, _ = await theatre.backend.scans.list_page(theatre.admin(), TaskFilter(), page=1, page_size=1)
    config = rows[0]["config"]
    assert (config["max_pages"], config["time_limit_s"]) == (50, 600)
    assert (config["screenshots"], config["cloaking"]) == (False, False)
    assert page.url.endswith(f"#/tasks/{rows[0]['id']}")
    assert page.problems == []


async def test_a_scan_is_followed_live(browser, theatre):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    await expect(page.get_by_text("暂未发现违规")).to_be_visible()
    await scene.stages_up_to(StageKey.THIRD_PARTY)
    await scene.progress(55, StageKey.THIRD_PARTY, 40, "正在识别", subdomains=17, pages=284, third_parties=3)
    stages = page.locator(".stage")
    await expect(stages.nth(1)).to_have_attribute("data-status", "completed")
    await expect(stages.nth(2)).to_contain_text("40%")
    await expect(page.locator(".progress-line")).to_contain_text("55%")
    await expect(page.locator("[data-name=pages] dd")).to_have_text("284")
    await expect(page).to_have_title("55% corp.test · 域名合规扫描")
    await scene.log("已爬取 https://www.corp.test/")
    await scene.log("太慢", level="WARNING")
    await expect(page.locator(".line")).to_have_count(2)
    await expect(page.locator("[data-name=trouble] dd")).to_have_text("1 / 0")
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "博彩用语")
    await scene.find("pills.test", ViolationKey.MEDICAL, "medium", 0.64, "处方药")
    cards = page.locator(".violation")
    await expect(cards).to_have_count(2)
    await expect(cards.first).to_contain_text("违规药品/虚假医疗")
    await expect(cards.first).to_contain_text("待复核")
    await expect(cards.first).to_contain_text("64%")
    await expect(cards.nth(1)).not_to_contain_text("待复核")
    await expect(page.locator("#announcer")).to_contain_text("pills.test")
    await scene.warn("degraded", "没有 Chromium")
    await expect(page.locator(".warnings")).to_contain_text("功能受限")
    await scene.complete(total_subdomains=17, total_violations=2, execution_duration=95)
    await expect(page.locator(".title-line .status")).to_have_text("已完成")
    await expect(page.locator("[data-name=duration] dd")).to_have_text("1:35")
    await assert_equal_to_rest(page, theatre, scene.task_id)
    assert page.problems == []


async def test_what_was_followed_equals_a_fresh_snapshot(browser, theatre):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    await scene.progress(70, StageKey.CONTENT_CAPTURE, 20, "x", subdomains=5, pages=6, third_parties=7)
    await scene.log("one", "two")
    await scene.warn("partial", "limit reached")
    await scene.find("bad.test", ViolationKey.OTHER, "low", 0.6, "x")
    await scene.requeue()
    await scene.claim()
    await scene.stage(StageKey.CONTENT_CAPTURE, "running")
    await scene.log("three", level="ERROR")
    await scene.fail("internal", "x")
    await expect(page.locator(".title-line .status")).to_have_text("失败")
    await expect(page.locator(".finding")).to_have_count(1)
    followed = await page.locator(".task-body").inner_text()
    await page.reload()
    await expect(page.locator(".finding")).to_have_count(1)
    assert await page.locator(".task-body").inner_text() == followed


async def test_another_language_is_another_connection_in_that_language(browser, theatre):
    scene = await theatre.scene()
    page = await open_page(browser, "about:blank")
    wire = Wire(page)
    await page.goto(f"{theatre.url}/#/tasks/{scene.task_id}")
    await sign_in(page)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    await page.get_by_role("button", name="Switch to English").click()
    await until(lambda: len(snapshots(wire)) == 2)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    assert [socket.url.rpartition("lang=")[2] for socket in wire.sockets] == ["zh-CN", "en"]
    assert [frame["stages"][1]["name"] for frame in snapshots(wire)] == ["页面爬取", "Page crawl"]
    assert page.problems == []


def snapshots(wire):
    return [frame for frame in wire.heard if frame["type"] == "task_snapshot"]


async def test_third_parties_are_listed_by_risk(browser, theatre):
    scene = await theatre.scene()
    scene.store_parties(
        party("cdn.test", "cdn", 90, Relation.SCRIPT, hosts=("a.cdn.test", "b.cdn.test")),
        party("casino.test", "unknown", 2, hidden=1),
        party("old.test", "unknown", 1),
        captures=[capture("casino.test"), capture("old.test", "error", dead=True)],
    )
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "博彩用语")
    page = await open_task(browser, scene, locale="en-US")
    rows = page.locator("tbody tr")
    await expect(rows.first).to_contain_text("casino.test")
    await expect(rows.first).to_contain_text("high")
    await expect(rows.nth(1)).to_contain_text("2 host names")
    await expect(rows.nth(1)).to_contain_text("Script")
    await expect(page.locator("tbody .c-outcome")).to_have_text(["Checked", "Not checked", "Domain no longer exists"])


async def test_what_came_of_third_parties_follows_the_captures(browser, theatre):
    scene = await theatre.scene()
    scene.store_parties(party("cdn.test", "cdn", 9))
    page = await open_task(browser, scene)
    outcome = page.locator("tbody .c-outcome")
    await expect(outcome).to_have_text(["未检查"])
    async with page.expect_response(lambda answer: "/third-parties" in answer.url, timeout=10_000):
        await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    scene.store_parties(captures=[capture("cdn.test", "error")])
    await scene.progress(70, StageKey.CONTENT_CAPTURE, 45, "正在抓取", pages=284, third_parties=1)
    await expect(outcome).to_have_text(["无法访问"], timeout=12_000)


async def test_what_pages_say_stays_text_and_is_no_link(browser, theatre):
    scene = await theatre.scene()
    await scene.log(HOSTILE)
    await scene.warn("partial", HOSTILE)
    await scene.find("bad.test", ViolationKey.OTHER, "low", 0.55, HOSTILE, url="javascript:alert(1)", found_on=HOSTILE)
    page = await open_task(browser, scene)
    await expect(page.locator(".violation-text")).to_have_text(HOSTILE)
    await expect(page.locator(".line-message")).to_have_text(HOSTILE)
    assert await page.locator("#content img, #content b").count() == 0
    links = await page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)
    assert page.problems == []


async def test_the_log_stays_where_the_reader_is(browser, theatre):
    scene = await theatre.scene()
    await scene.log(*[f"line {number}" for number in range(1, 301)])
    page = await open_task(browser, scene)
    box = page.locator(".log")
    await expect(page.locator(".line").last).to_contain_text("line 300")
    await expect(page.locator(".line")).to_have_count(200)
    at_end = "box => box.scrollHeight - box.scrollTop - box.clientHeight < 40"
    assert await box.evaluate(at_end)
    await scene.log("line 301")
    await expect(page.locator(".line").last).to_contain_text("line 301")
    assert await box.evaluate(at_end)
    await box.evaluate("box => { box.scrollTop = 300; }")
    jump = page.locator(".jump")
    await expect(jump).to_be_visible()
    before = await box.evaluate("box => box.scrollTop")
    await scene.log("line 302", "line 303")
    await expect(jump).to_have_text("跳到最新（2 行新日志）")
    assert await box.evaluate("box => box.scrollTop") == before
    await jump.click()
    assert await box.evaluate(at_end)
    await expect(jump).to_be_hidden()
    await page.get_by_role("button", name="加载更早的日志").click()
    await expect(page.locator(".line")).to_have_count(303)
    await expect(page.locator(".line").first).to_contain_text("line 1")


async def test_the_log_is_capped_filtered_and_downloaded(browser, theatre):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    for start in range(0, 2_300, 100):
        await scene.log(*[f"line {number}" for number in range(start, start + 100)])
    await scene.log("slow", level="WARNING")
    await expect(page.locator(".line")).to_have_count(2_000)
    await expect(page.get_by_text("最多显示 2,000 行")).to_be_visible()
    await page.get_by_role("button", name="信息").click()
    await expect(page.locator(".line:visible")).to_have_count(1)
    async with page.expect_download() as download:
        await page.get_by_role("button", name="下载完整日志").click()
    assert len(read_lines(await (await download.value).path())) == 2_301
    assert page.problems == []


async def test_a_hole_in_the_log_is_shown_and_filled(browser, theatre):
    scene = await theatre.scene()
    await scene.log(*[f"line {number}" for number in range(1, 11)])
    page = await open_page(browser, theatre.url)
    await page.route_web_socket("**/monitor/ws**", drop_log_frames)
    await page.goto(f"{theatre.url}/#/tasks/{scene.task_id}")
    await sign_in(page)
    await expect(page.locator(".line")).to_have_count(10)
    await scene.log("dropped 1", "dropped 2")
    await scene.log("line 13")
    gap = page.locator(".log-gap")
    await expect(gap).to_contain_text("2 行")
    await gap.click()
    await expect(page.locator(".line")).to_have_count(13)
    await expect(gap).to_have_count(0)


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


async def test_a_gap_that_must_not_be_is_repaired(browser, theatre):
    scene = await theatre.scene()
    page = await open_page(browser, theatre.url)
    lost = {"left": 1}

    def lose_one(socket):
        def pass_on(message):
            if json.loads(message)["type"] == "violation_detected" and lost["left"]:
                lost["left"] -= 1
                return
            socket.send(message)

        socket.connect_to_server().on_message(pass_on)

    await page.route_web_socket("**/monitor/ws**", lose_one)
    await page.goto(f"{theatre.url}/#/tasks/{scene.task_id}")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")
    for number in range(3):
        await scene.find(f"bad{number}.test", ViolationKey.OTHER, "low", 0.9, "x")
    await expect(page.locator(".violation")).to_have_count(3)
    assert lost["left"] == 0
    await assert_equal_to_rest(page, theatre, scene.task_id)


async def test_the_page_follows_a_scan_through_a_restart_of_the_server(browser, theatre):
    scene = await theatre.scene()
    await scene.find("before.test", ViolationKey.ADULT, "high", 0.9, "x")
    page = await open_task(browser, scene)
    await theatre.stop()
    await expect(page.locator(".banner")).to_contain_text("连接中断")
    await expect(page.get_by_role("button", name="立即重连")).to_be_visible()
    await expect(page.locator(".violation")).to_have_count(1)
    await theatre.start()
    await scene.requeue()
    await scene.claim()
    await scene.find("away.test", ViolationKey.ADULT, "high", 0.9, "x")
    await expect(page.locator(".live[data-phase=online]")).to_be_visible(timeout=40_000)
    await expect(page.locator(".banner")).to_be_hidden()
    await scene.find("after.test", ViolationKey.ADULT, "high", 0.9, "x")
    await scene.complete(total_violations=3)
    await expect(page.locator(".title-line .status")).to_have_text("已完成")
    await expect(page.locator(".facts")).to_contain_text("第 2 次扫描")
    await assert_equal_to_rest(page, theatre, scene.task_id)
    assert page.problems == []


async def test_more_violations_than_a_snapshot_holds_are_completed_by_rest(browser, theatre):
    scene = await theatre.scene()
    for number in range(60):
        await scene.find(f"bad{number}.test", ViolationKey.OTHER, "low", 0.9, "x")
    page = await open_task(browser, scene)
    await assert_equal_to_rest(page, theatre, scene.task_id)
    await expect(page.locator(".violation").first).to_contain_text("bad59.test")


async def test_a_scan_is_cancelled_repeated_and_deleted(browser, theatre):
    scene = await theatre.scene()
    await scene.find("bad.test", ViolationKey.OTHER, "low", 0.9, "x")
    page = await open_task(browser, scene)
    await page.get_by_role("button", name="取消扫描").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)
    await expect(page.locator(".title-line .status")).to_have_text("扫描中")
    await page.get_by_role("button", name="取消扫描").click()
    await page.locator("dialog").get_by_role("button", name="取消扫描").click()
    await expect(page.locator(".title-line .status")).to_have_text("正在取消")
    await scene.end_cancelled()
    await expect(page.locator(".title-line .status")).to_have_text("已取消")
    await page.get_by_role("button", name="重新扫描（保留历史）").click()
    await expect(page.locator("dialog")).to_contain_text("本次结果会保留")
    await page.keyboard.press("Escape")
    await expect(page.locator(".title-line .status")).to_have_text("已取消")
    await page.get_by_role("button", name="重新扫描（保留历史）").click()
    await page.locator("dialog").get_by_role("button", name="重新扫描（保留历史）").click()
    await expect(page.locator(".title-line .status")).to_have_text("等待中")
    await expect(page.locator(".violation")).to_have_count(0)
    await page.get_by_role("button", name="删除").click()
    await page.locator("dialog").get_by_role("button", name="删除").click()
    await expect(page.get_by_text("还没有扫描任务")).to_be_visible()
    assert page.problems == []


async def test_a_failure_says_why(browser, theatre):
    scene = await theatre.scene()
    await scene.fail("worker_lost", "gone")
    page = await open_task(browser, scene, locale="en-US")
    await expect(page.get_by_text("Reason for the failure: The scan process exited unexpectedly.")).to_be_visible()


async def test_the_list_moves_by_itself(browser, theatre):
    page = await open_page(browser, theatre.url)
    await sign_in(page)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    scene = await theatre.scene("moving.test")
    row = page.locator(".task-row").first
    await expect(row).to_contain_text("moving.test")
    await expect(row).to_contain_text("扫描中")
    await scene.stages_up_to(StageKey.PAGE_CRAWL)
    await scene.progress(33, StageKey.PAGE_CRAWL, 40, "x")
    await expect(row).to_contain_text("33%")
    await expect(row).to_contain_text("页面爬取")
    await scene.find("bad.test", ViolationKey.OTHER, "critical", 0.9, "x")
    await expect(row.locator("[data-risk=critical]")).to_contain_text("1")
    await scene.complete(total_violations=1)
    await expect(row).to_contain_text("已完成")
    await row.click()
    await expect(page.locator(".violation")).to_have_count(1)
    assert page.problems == []


@pytest.mark.parametrize(
    ("verdict", "badge", "told", "empty"),
    [
        (Verdict(Result.CLEAN), "未发现违规", "未发现违规", "未发现违规。"),
        (Verdict(Result.CLEAN, (Reason.PAGE_LIMIT,)), "未发现违规", "未发现违规：达到页面数上限", "未发现违规。"),
        (
            Verdict(Result.INCONCLUSIVE, (Reason.START_PAGE, Reason.SERVER_ERROR)),
            "无法得出结论",
            "无法得出结论：起始页没有可检查的内容",
            "已检查的部分未发现违规，但检查范围不足以得出结论。",
        ),
    ],
)
async def test_what_a_scan_may_claim_is_said_at_its_head_and_in_the_list(browser, theatre, verdict, badge, told, empty):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    await scene.complete(verdict=verdict)
    for _ in range(2):  # followed, and from a fresh snapshot
        await expect(page.locator(".title-line .verdict")).to_have_text(badge)
        await expect(page.locator(".progress-message")).to_have_text(told)
        await expect(page.locator(".violations-card")).to_contain_text(empty)
        await page.reload()
    await page.goto(f"{theatre.url}/#/tasks")
    word = "无法得出结论" if verdict.result is Result.INCONCLUSIVE else "未发现违规"
    await expect(page.locator(".task-row .task-risks")).to_have_text(word)
    assert page.problems == []


async def test_a_violation_of_another_scan_is_told(browser, theatre):
    watched = await theatre.scene("watched.test")
    page = await open_task(browser, watched)
    other = await theatre.scene("other.test")
    await other.find("bad.test", ViolationKey.OTHER, "high", 0.9, "x")
    toast = page.locator(".toast")
    await expect(toast).to_contain_text("other.test 发现违规：bad.test")
    await toast.locator("a").click()
    await expect(page.locator("h1")).to_have_text("other.test")


async def test_an_unknown_task_and_a_deleted_one_are_said_to_be_gone(browser, theatre):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    await scene.complete()
    await theatre.backend.scans.delete(theatre.admin(), scene.task_id)
    await expect(page.get_by_role("heading", name="任务已被删除")).to_be_visible()
    assert "null" not in await page.locator("#content").inner_text()
    await page.goto(f"{theatre.url}/#/tasks/{new_id()}")
    await expect(page.get_by_role("heading", name="没有这个任务")).to_be_visible()
    await page.goto(f"{theatre.url}/#/tasks/{'x' * 100}")
    await expect(page.get_by_role("heading", name="没有这个任务")).to_be_visible()
    assert page.problems == []


async def test_an_ended_session_asks_to_sign_in_and_returns_to_the_task(browser, theatre):
    scene = await theatre.scene()
    page = await open_task(browser, scene)
    await theatre.backend.auth.set_password(theatre.admin().user_id, ADMIN_PASSWORD)
    await expect(page.get_by_role("alert")).to_have_text("登录已失效，请重新登录。", timeout=20_000)
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("corp.test")


async def test_a_window_too_many_is_told_and_comes_back_on_demand(browser, tmp_path):
    async with open_theatre(tmp_path / "few", ws_max_connections_per_user=1) as theatre:
        scene = await theatre.scene()
        first = await open_task(browser, scene)
        second = await open_task(browser, scene)
        await expect(first.locator(".banner")).to_contain_text("窗口过多")
        await expect(second.locator(".live[data-phase=online]")).to_be_visible()
        await first.get_by_role("button", name="在此重新连接").click()
        await expect(first.locator(".live[data-phase=online]")).to_be_visible()


async def test_a_broadcast_is_shown(browser, theatre):
    page = await open_page(browser, theatre.url)
    await sign_in(page)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    await theatre.backend.manager.broadcast(message=HOSTILE, level="warning", sender="admin")
    await expect(page.locator(".toast")).to_contain_text(HOSTILE)


async def test_no_frame_of_progress_makes_the_page_ask_for_anything(browser, theatre):
    scene = await theatre.scene()
    await scene.stages_up_to(StageKey.PAGE_CRAWL)
    await scene.progress(20, StageKey.PAGE_CRAWL, 1, "page 0", pages=1)
    page = await open_task(browser, scene)
    await expect(page.locator(".parties-card .state")).to_contain_text("第三方")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for number in range(1, 101):
        await scene.progress(20 + number // 10, StageKey.PAGE_CRAWL, 1 + number // 10, f"page {number}", pages=number)
        await scene.log(f"line {number}")
    await expect(page.locator(".progress-line .percent")).to_have_text("30%")
    await expect(page.locator(".log-lines")).to_contain_text("line 100")
    assert asked == []


async def test_frames_of_progress_that_count_third_parties_make_the_page_ask_once(browser, theatre):
    scene = await theatre.scene()
    await scene.stages_up_to(StageKey.THIRD_PARTY)
    page = await open_task(browser, scene)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for number in range(1, 101):
        await scene.progress(40, StageKey.THIRD_PARTY, 1, f"party {number}", third_parties=number)
    await until(lambda: asked, timeout_s=10)
    await expect(page.locator(".progress-line .percent")).to_have_text("40%")
    assert len(asked) <= 2
    assert {url.split("?")[0].rsplit("/", 1)[1] for url in asked} == {"third-parties"}


async def test_a_page_that_is_looked_at_again_asks_at_once_whether_its_connection_lives(browser, theatre):
    page = await open_page(browser, "about:blank")
    sent = []
    page.on("websocket", lambda link: link.on("framesent", lambda text: sent.append(json.loads(text)["type"])))
    await page.goto(theatre.url)
    await sign_in(page)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    for moment in ("document.dispatchEvent(new Event('visibilitychange'))", "dispatchEvent(new Event('online'))"):
        sent.clear()
        await page.evaluate(moment)
        await until(lambda: "ping" in sent)


async def test_nothing_but_ourselves_is_asked_and_the_policy_is_kept(browser, theatre):
    page = await open_page(browser, "about:blank")
    asked, refused = set(), []
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(theatre.url)
    await sign_in(page)
    await expect(page.locator(".live[data-phase=online]")).to_be_visible()
    assert asked == {f"127.0.0.1:{theatre.settings.port}"}
    assert refused == []


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
async def test_a_narrow_screen_needs_no_sideways_scrolling(browser, theatre, language):
    scene = await theatre.scene("a-rather-long-name-for-a-domain.department.corp-international.test")
    await scene.log("https://www.corp.test/" + "long/" * 60)
    await scene.find(
        "b" * 60 + ".test", ViolationKey.FRAUD, "critical", 0.9, "x" * 200, url="http://b.test/" + "y" * 300
    )
    scene.store_parties(party("p" * 60 + ".test", "cdn", 1))
    page = await open_task(browser, scene, viewport={"width": 390, "height": 844}, locale=language)
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.goto(f"{theatre.url}/#/tasks")
    await expect(page.locator(".task-row")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_everything_is_reached_by_keyboard(browser, theatre):
    scene = await theatre.scene()
    page = await open_page(browser, f"{theatre.url}/#/tasks")
    await page.keyboard.type("admin")
    await page.keyboard.press("Tab")
    await page.keyboard.type(ADMIN_PASSWORD)
    await page.keyboard.press("Enter")
    row = page.locator(".task-row")
    await expect(row).to_be_visible()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await row.evaluate("row => row === document.activeElement"):
            break
    await scene.progress(44, StageKey.PAGE_CRAWL, 50, "x")
    await expect(row).to_contain_text("44%")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(scene.domain)
