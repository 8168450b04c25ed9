"""blog.corp.test: posts of employees, with a hacked one."""

from testnet import shapes
from testnet.documents import asset, document, links, paragraphs
from testnet.model import Ref, Resource
from testnet.texts import corp

POSTS = 30
ROBOTS = "User-agent: *\nDisallow: /wp-admin/\nCrawl-delay: 0\n"


def resources() -> list[Resource]:
    items = [(path(number), title(number)) for number in range(1, POSTS + 1)]
    index = document("/", "华创工程师博客", links(items))
    return [index, *(post(number) for number in range(1, POSTS + 1)), asset("/robots.txt", ROBOTS, "text/plain")]


def path(number: int) -> str:
    return f"/{2018 + number // 6}/{number:02d}/"


def title(number: int) -> str:
    return f"{corp.pick(corp.POSTS, number)} 之 {number}"


def post(number: int) -> Resource:
    body = paragraphs(corp.tell(number)) + links([("../../", "首页"), (path(number % POSTS + 1), "下一篇")])
    return document(path(number), title(number), body, refs=post_refs().get(number, ()))


def post_refs() -> dict[int, tuple[Ref, ...]]:
    return {
        5: (shapes.style_url("bg.fast-cdn.test", "/banner.png"),),
        9: (shapes.style_import("imp.fast-cdn.test", "/theme.css"),),
        14: (
            shapes.hidden_anchor("opacity_zero", "meiyan-video.test", "成人直播"),
            shapes.hidden_anchor("tiny_box", "wanfu-club.test", "棋牌 百家乐"),
        ),
        20: (shapes.frame("widget-hours.test", "/frame"),),
    }
