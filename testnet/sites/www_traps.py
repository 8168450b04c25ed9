"""What makes a crawl of www.corp.test hard: redirects, loops, traps, bombs, and ways into the scanner's own machine."""

import re

from testnet import shapes
from testnet.documents import document, leave, links, redirect
from testnet.model import Reach, Resource
from testnet.parties import PNG
from testnet.web_types import BOMB_TYPE

__all__ = ["PNG", "answer_calendar", "resources"]
SLOW_MS = 4_000
FAR_HOPS = 12  # more than the 10 that browsers and scanners follow at most
CALENDAR = re.compile(r"/calendar/(\d{4})-(\d{2})\.html")
INWARD_URLS = (
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/canary",
    "http://localhost:8080/canary",
    "http://2130706433:8080/canary",
    "http://0x7f.1:8080/canary",
    "http://017700000001:8080/canary",
    "http://１２７.0.0.1:8080/canary",
    "http://[::1]:8080/canary",
    "http://[::ffff:127.0.0.1]:8080/canary",
    "http://169.254.169.254/latest/meta-data/",
    "http://gitlab-inner.corp.test:8080/canary",
)


def resources() -> list[Resource]:
    return [*departures(), *chains(), *inward(), *hazards()]


def departures() -> list[Resource]:
    """Redirects off the site, one of every kind."""
    return [
        leave("/go/video", shapes.location_header("www.video-share.test", "/corp")),
        document("/go/survey.html", "调查", refs=(shapes.meta_refresh("survey-form.test"),), reach=Reach.OPTIONAL),
        document("/go/forum", "论坛", refs=(shapes.refresh_header("moved-forum.test"),), reach=Reach.OPTIONAL),
        document(
            "/go/account.html",
            "账户",
            refs=(shapes.script_location("zhifubao-verify.test", "/login"),),
            reach=Reach.OPTIONAL,
        ),
    ]


def chains() -> list[Resource]:
    """A chain that ends well, two loops, and a chain that is too long."""
    statuses = {1: 301, 2: 302, 3: 307, 4: 308}
    chain = [redirect(f"/r/{n}", f"/r/{n + 1}" if n < 4 else "/r/end.html", status) for n, status in statuses.items()]
    far = [redirect(f"/far/{n}", f"/far/{n + 1}" if n < FAR_HOPS else "/far/end.html") for n in range(1, FAR_HOPS + 1)]
    return [
        *chain,
        document("/r/end.html", "旧版首页"),
        redirect("/loop/a", "/loop/b"),
        redirect("/loop/b", "/loop/a"),
        meta_loop("a", "b"),
        meta_loop("b", "a"),
        *far,
        document("/far/end.html", "太远的页面", reach=Reach.OPTIONAL),
    ]


def meta_loop(own: str, other: str) -> Resource:
    body = f'<meta http-equiv="refresh" content="0;url=/loop/meta-{other}.html">'
    return document(f"/loop/meta-{own}.html", "循环", body, reach=Reach.OPTIONAL)


def inward() -> list[Resource]:
    """Links and redirects to the machine of whoever follows them."""
    refs = (shapes.anchor("inward.test", "/canary", "内网", scheme="http"),)
    items = [(url, f"入口 {number}") for number, url in enumerate(INWARD_URLS, start=1)]
    items += [
        ("/go/metadata", "元数据"),
        ("/go/local", "本机"),
        ("ftp://files.corp.test/", "文件"),
        ("file:///etc/hosts", "本地"),
    ]
    return [
        document("/inward.html", "内网入口", links(items), refs=refs),
        redirect("/go/metadata", "http://169.254.169.254/latest/meta-data/"),
        redirect("/go/local", "http://127.0.0.1:8080/canary"),
    ]


def hazards() -> list[Resource]:
    secret = (shapes.anchor("behind-robots.test", "/", "内部"),)
    return [
        document("/slow.html", "年度数据", delay_ms=SLOW_MS),
        Resource(path="/backup/site.html", content_type=BOMB_TYPE, reach=Reach.OPTIONAL),
        document("/private/plan.html", "内部计划", refs=secret, reach=Reach.DISALLOWED),
        document("/search?q=pump", "搜索", refs=secret, reach=Reach.DISALLOWED),
    ]


def answer_calendar(path: str) -> Resource | None:
    """A calendar without end in both directions."""
    match = CALENDAR.fullmatch(path)
    if match is None:
        return None
    month = int(match[1]) * 12 + int(match[2]) - 1
    items = [(month_path(month - 1), "上个月"), (month_path(month + 1), "下个月")]
    return document(path, f"活动日历 {match[1]}-{match[2]}", links(items), reach=Reach.OPTIONAL)


def month_path(month: int) -> str:
    return f"/calendar/{month // 12:04d}-{month % 12 + 1:02d}.html"
