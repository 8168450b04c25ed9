"""What makes the university's sites hard to crawl: endless spaces, robots.txt of every kind, slow and huge bodies."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from testnet.big.campus import below, department_of
from testnet.big.frame import article_path, page
from testnet.documents import asset, document, links
from testnet.latency import spread
from testnet.model import Reach, Resource
from testnet.sitemaps import gzip_sitemap, sitemap, sitemap_index
from testnet.web_types import BOMB_TYPE

SLOW_MS: Final = 3_000
HUGE_BYTES: Final = 6 * 1024 * 1024  # more than a scan reads of one body
SESSIONS: Final = 5
OLD_MAP: Final = "/sitemap-old.xml.gz"
ONLY_MAPPED: Final = tuple(f"/arch/{number}.html" for number in range(1, 9))


class Trap(NamedTuple):
    """An endless space of URLs on one host. `entry` leads into it; `paths`: regular expression of what is in it."""

    label: str
    entry: tuple[str, str]
    answer: Callable[[str], Resource | None]
    paths: str


CALENDAR: Final = re.compile(r"/rili/(\d{4})-(\d{2})\.html")
ORDER: Final = re.compile(r"/order/(\d+)\?sid=([0-9a-f]{8})")
GROWING: Final = re.compile(r"(?:/more){1,60}/index\.html")


def traps() -> tuple[Trap, ...]:
    return (
        Trap("xgc", ("/rili/2024-05.html", "活动日历"), answer_calendar, CALENDAR.pattern),
        Trap("press", ("/order/1?sid=5e550001", "订购"), answer_session, ORDER.pattern),
        Trap("hqc", ("/more/index.html", "更多"), answer_growing, GROWING.pattern),
    )


def answer_calendar(target: str) -> Resource | None:
    match = CALENDAR.fullmatch(target)
    if match is None:
        return None
    month = int(match[1]) * 12 + int(match[2]) - 1
    around = [
        (f"/rili/{n // 12:04d}-{n % 12 + 1:02d}.html", text) for n, text in ((month - 1, "上月"), (month + 1, "下月"))
    ]
    return document(target, f"活动日历 {match[1]}-{match[2]}", links(around), reach=Reach.OPTIONAL)


def answer_session(target: str) -> Resource | None:
    """Each page links two others under session ids of their own."""
    match = ORDER.fullmatch(target)
    if match is None:
        return None
    others = [int(match[1]) % 9 + 1, (int(match[1]) + 3) % 9 + 1]
    items = [(f"/order/{n}?sid={0x5E550000 + spread(f'{target}>{n}', 1, SESSIONS):08x}", f"第{n}种") for n in others]
    return document(target, f"订购第{match[1]}种", links(items), reach=Reach.OPTIONAL)


def answer_growing(target: str) -> Resource | None:
    """A relative link that is one folder too deep, for ever."""
    if GROWING.fullmatch(target) is None:
        return None
    return document(target, "更多通知", links([("more/index.html", "更多")]), reach=Reach.OPTIONAL)


def bodies() -> list[Resource]:
    """Pages of one host that are slow, huge or a bomb."""
    unit = department_of("kyc")
    filling = ("<p>" + "数据" * 500 + "</p>").encode()
    slow = document("/data/slow.html", "年度数据", delay_ms=SLOW_MS)
    huge = Resource(path="/data/huge.html", body=filling * (HUGE_BYTES // len(filling)), reach=Reach.OPTIONAL)
    bomb = Resource(path="/data/pack.html", content_type=BOMB_TYPE, reach=Reach.OPTIONAL)
    index = page(
        unit, "/data/index.html", "数据下载", links((f"/data/{name}.html", name) for name in ("slow", "huge", "pack"))
    )
    return [index, slow, huge, bomb]


def robots() -> dict[str, list[Resource]]:
    """By host: rules with sitemaps, rules with an exception, a file that is forbidden (which allows everything)."""
    www = "User-agent: *\nDisallow: /private/\n" + "".join(
        f"Sitemap: https://{below('www')}/{name}.xml\n" for name in ("map", "index")
    )
    xb = "User-agent: *\nDisallow: /gao/\nAllow: /gao/open.html\nDisallow: /*?print=\n"
    plan = page(department_of("www"), "/private/plan.html", "内部计划", reach=Reach.DISALLOWED)
    entries = links([("/private/plan.html", "计划"), ("/mapped.html", "说明")])
    closed = page(department_of("xb"), "/gao/closed.html", "审稿系统", reach=Reach.DISALLOWED)
    opened = page(department_of("xb"), "/gao/open.html", "投稿指南")
    way = links([("/gao/closed.html", "审稿"), ("/gao/open.html", "投稿")])
    return {
        "www": [
            asset("/robots.txt", www, "text/plain"),
            sitemap("/map.xml", below("www"), ["/mapped.html"]),
            sitemap_index("/index.xml", below("www"), [OLD_MAP]),
            gzip_sitemap(OLD_MAP, below("www"), ONLY_MAPPED),
            plan,
            page(department_of("www"), "/mapped.html", "网站说明", entries),
            *(page(department_of("www"), path, f"存档 {path}") for path in ONLY_MAPPED),
        ],
        "xb": [
            asset("/robots.txt", xb, "text/plain"),
            closed,
            opened,
            page(department_of("xb"), "/gao.html", "稿件", way),
        ],
        "news": [Resource(path="/robots.txt", status=403, content_type="text/plain", reach=Reach.ASSET)],
        "lib": [Resource(path="/robots.txt", status=302, headers=(("Location", article_path(1)),), reach=Reach.ASSET)],
    }
