"""What all pages of the university have in common: navigation, a list beside the text, a long footer."""

from collections.abc import Sequence
from typing import NamedTuple

from testnet.big.prose import Prose
from testnet.documents import document, links, paragraphs
from testnet.model import Reach, Ref, Resource

TARGET = "qichuan.test"
Ways = tuple[tuple[str, str], ...]  # addresses with their texts
SHEET = "/css/site.css"
STYLE = (
    "body{margin:0;color:#222;background:#fff;font:14px/1.7 sans-serif}.top{background:#0a4a8a}.top a{color:#fff}"
    ".wrap{width:1100px;margin:0 auto}.side{float:right;width:260px}.foot{clear:both;background:#eee;padding:20px}"
)


class Department(NamedTuple):
    """A part of the university with a host of its own."""

    label: str
    title: str
    pages: int  # ordinary articles
    lang: str = "zh-CN"
    scheme: str = "http"
    charset: str = "utf-8"

    @property
    def host(self) -> str:
        return f"{self.label}.{TARGET}" if self.label else TARGET

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def is_chinese(self) -> bool:
        return self.lang.startswith("zh")


def page(
    unit: Department,
    path: str,
    title: str,
    body: str = "",
    *,
    refs: Sequence[Ref] = (),
    head: str = "",
    about: str | None = None,
    reach: Reach = Reach.PAGE,
    length: int = 5,
    headers: tuple[tuple[str, str], ...] = (),
    aside: bool = True,
) -> Resource:
    """A long page of the unit. `about`: the whole title, without the unit's name; `aside` False: without the list
    beside the text, whose titles are those of articles.
    """
    prose = Prose(f"{unit.host}{path}", lang=unit.lang)
    text = paragraphs(prose.paragraphs(length))
    side = links((article_path(n), prose.headline()) for n in range(1, min(unit.pages, 8) + 1)) if aside else ""
    whole = title if about is None else about
    return document(
        path,
        whole if about is not None else f"{title}-{unit.title}",
        f'<div class="top"><div class="wrap">{navigation(unit)}</div></div>\n<div class="wrap">'
        f'<div class="side">{side}</div>\n<div class="main">{body}\n{text}</div></div>\n{footer(unit)}',
        refs=refs,
        lang=unit.lang,
        charset=unit.charset,
        reach=reach,
        headers=headers,
        declaration=f'<link rel="stylesheet" href="{SHEET}">\n{head}',
    )


def navigation(unit: Department) -> str:
    zh: Ways = (("/", "首页"), ("/list/1.html", "新闻通知"), ("/about.html", "单位概况"), ("/contact.html", "联系我们"))
    en: Ways = (("/", "Home"), ("/list/1.html", "News"), ("/about.html", "About"), ("/contact.html", "Contact"))
    return links(zh if unit.is_chinese else en)


def footer(unit: Department) -> str:
    if unit.is_chinese:
        lines = ["栖川大学 版权所有", f"{unit.title} 地址：栖川市湖滨路十八号 邮编：000417", "建议使用最新版浏览器访问"]
    else:
        lines = ["Qichuan University. All rights reserved.", f"{unit.title}, 18 Lakeside Road, Qichuan"]
    return f'<div class="foot">{paragraphs(lines)}</div>'


def article_path(number: int) -> str:
    return f"/info/{1000 + number % 7}/{number}.html"
