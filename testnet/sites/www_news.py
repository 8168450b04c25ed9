"""News of www.corp.test: paged lists and their articles."""

from testnet import shapes
from testnet.documents import document, links, paragraphs
from testnet.model import Ref, Resource
from testnet.texts import corp

ARTICLES = 72
PER_LIST = 9
LISTS = ARTICLES // PER_LIST


def resources() -> list[Resource]:
    return [*(news_list(number) for number in range(1, LISTS + 1)), *(article(n) for n in range(1, ARTICLES + 1))]


def list_path(number: int) -> str:
    return "/news/" if number == 1 else f"/news/list-{number}.html"


def news_list(number: int) -> Resource:
    first = (number - 1) * PER_LIST + 1
    items = [(f"/news/{n}.html", corp.headline(n)) for n in range(first, first + PER_LIST)]
    pages = [(list_path(n), f"第 {n} 页") for n in range(1, LISTS + 1)]
    return document(list_path(number), f"新闻 第 {number} 页", links(items) + links(pages))


def article(number: int) -> Resource:
    after = number % ARTICLES + 1
    body = paragraphs(corp.tell(number)) + links([(f"/news/{after}.html", "下一篇"), ("/news/", "返回")])
    return document(f"/news/{number}.html", corp.headline(number), body, refs=article_refs().get(number, ()))


def article_refs() -> dict[int, tuple[Ref, ...]]:
    """Most foreign hosts of a real site stand on exactly one page, deep in the news."""
    return {
        17: (shapes.raw_anchor("daily-news.test", "///daily-news.test/2024/0312.html", "相关报道"),),
        29: (shapes.stylesheet("css.fast-cdn.test", "/special/2023.css"),),
        41: (shapes.video("media.fast-cdn.test", "/clips/41.mp4"),),
        58: (shapes.anchor("stat.metrics.test", "/badge", "访问统计"),),
    }
