"""Builds a whole page around a text: head, menus, scripts, state of an application, padding and footer.

A frame is a kind of site (`*/frames/*.html`). What a frame leaves open is drawn from the words below, by a generator
that the page's address seeds: the same page on every call, and no two pages with the same names, sheets, menus and
scripts.
"""

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tests.eval.own_pages.archive import archive

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_MENUS: Final = {
    ("press", "en"): "News|World|Business|Sport|Culture|Weather|Opinion|Travel|Live|Science|Podcasts|Obituaries",
    ("shop", "en"): "New in|Bestsellers|Home|Garden|Outlet|Gift cards|Brands|Stories|Help",
    ("docs", "en"): "Getting started|Guides|Reference|Changelog|Community|Status|Support",
    ("", "en"): "Home|About us|Services|Resources|Pricing|Blog|Careers|Contact|FAQ|Team",
    ("portal", "zh"): "首页|国内|国际|社会|财经|体育|娱乐|科技|汽车|教育|法治|视频|图片|评论|地方",
    ("gov", "zh"): "首页|机构概况|政务公开|办事服务|互动交流|专题专栏|数据开放|新闻动态",
    ("shop", "zh"): "首页|全部商品|限时特惠|新品|品牌|会员中心|帮助中心|积分商城|门店",
    ("docs", "zh"): "快速开始|使用指南|常见问题|更新日志|开发文档|联系客服|服务协议",
    ("forum", "zh"): "论坛|导读|排行榜|家园|圈子|签到|帮助|本地生活|二手市场",
    ("", "zh"): "首页|关于我们|产品中心|解决方案|新闻资讯|客户案例|招贤纳士|联系我们|下载中心|服务支持",
}
_WORDS: Final = {
    "en": {
        "noscript": "You need to enable JavaScript to run this app.", "skip": "Skip to content", "search": "Search",
        "login": "Sign in", "client": "Get the app", "hot": "Most read", "home": "Home", "cart": "Basket",
        "promo": "Free delivery on orders over 40", "cookie": "We use cookies to measure visits.", "cur": "EUR",
    },
    "zh": {
        "noscript": "请启用 JavaScript 后继续访问。", "skip": "跳至内容", "search": "搜索", "login": "登录",
        "client": "客户端", "hot": "热门排行", "home": "首页", "cart": "购物车", "promo": "全场满99元包邮",
        "cookie": "本站使用 Cookie 统计访问量。", "cur": "CNY",
    },
}  # fmt: skip
_RULES: Final = (
    "display:flex;align-items:center", "padding:12px 16px", "position:relative;overflow:hidden", "color:#333",
    "background:linear-gradient(180deg,#fff,#f4f6f9)", "border-radius:8px;box-shadow:0 2px 8px rgba(0,0,0,.08)",
    "font-size:14px;line-height:1.6", "width:100%;max-width:1200px;margin:0 auto", "display:grid;gap:10px",
    "transition:transform .3s ease", "text-align:center", "height:44px;line-height:44px", "z-index:99",
)  # fmt: skip
_SCRIPTS: Final = (
    (
        "var _hmt=_hmt||[];(function(){var h=document.createElement('script');h.src='/hm.js?'+Date.now();"
        "document.head.appendChild(h)})();"
    ),
    (
        "document.addEventListener('DOMContentLoaded',function(){document.querySelectorAll('[data-src]').forEach("
        "function(i){i.src=i.dataset.src})});"
    ),
    "if('serviceWorker' in navigator){window.addEventListener('load',()=>navigator.serviceWorker.register('/sw.js'))}",
    "(function(){var t=new Date();var e=document.getElementById('today');if(e)e.innerHTML=t.toLocaleDateString()})();",
    (
        "window.addEventListener('scroll',function(){document.body.classList.toggle('is-top',window.scrollY<80)},"
        "{passive:true});"
    ),
    "$(function(){$('.navbar-toggler').on('click',function(){$('.navbar-nav').slideToggle(200)})});",
    "window.onerror=function(m,s,l){(new Image).src='/log.gif?m='+encodeURIComponent(m)+'&l='+l};",
)
_STATE: Final = (
    "locale",
    "theme",
    "cdn",
    "env",
    "version",
    "buildId",
    "flags",
    "timeout",
    "apiBase",
    "traceId",
    "page",
)


@cache
def _read(frame: Path) -> str:
    return frame.read_text(encoding="utf-8")


def framed(frame: Path, *, seed: str, lang: str, parts: dict[str, str], size: int = 1) -> str:
    """Give the whole page. `parts` holds `title`, `head` and `content`, and may hold `nav` (names with | between) and
    `foot`; `size` multiplies the lengths of sheets, states and lists.
    """
    random = Random(seed)  # variety, no secret
    names = _menu(frame.stem, lang, parts.get("nav", ""), random)
    letters = "".join(random.choices(_LETTERS, k=random.randint(2, 6)))
    filled = {
        **_WORDS[lang],
        "lang": "zh-CN" if lang == "zh" else "en",
        "p": letters,
        "n": str(random.randint(10, 99)),
        "hash": f"{random.getrandbits(32):08x}",
        "css": _sheet(letters, random, 12 * size),
        "js": " ".join(random.sample(_SCRIPTS, random.randint(1, 4))),
        "state": _state(random, 8 * size),
        "nav": "".join(f'<a href="/{place}/">{menu}</a> ' for place, menu in enumerate(names)),
        "navli": "".join(f'<li><a href="/{letters}{place}/">{menu}</a></li>' for place, menu in enumerate(names)),
        "list": archive(random.randint(3, 8) * size, chinese=lang == "zh"),
        "title": parts["title"],
        "head": parts.get("head", ""),
        "foot": parts.get("foot", ""),
    }
    page = _read(frame).replace("</head>", _head_extras(random, size) + "</head>", 1)
    page = page.replace("</body>", _body_extras(random, letters, size) + "</body>")
    for place, text in filled.items():
        page = page.replace(f"{{{place}}}", text)
    return page.replace("{content}", parts["content"].strip())


def _head_extras(random: Random, size: int) -> str:
    """Icons, preloads, themes and numbers of a verification: what nobody sees of a page."""
    every = (
        "".join(f'<link rel="apple-touch-icon" sizes="{n}x{n}" href="/icons/{n}.png">' for n in (57, 72, 114, 152)),
        '<meta name="theme-color" content="#ffffff"><link rel="manifest" href="/site.webmanifest">',
        f'<meta name="baidu-site-verification" content="codeva-{random.getrandbits(40):x}">',
        f"<style>{_sheet('g', random, 25 * size)}</style>",
        f"<script>window.__ENV={_state(random, 18 * size)}</script>",
        "".join(f'<link rel="modulepreload" href="/js/chunk-{random.getrandbits(32):x}.js">' for _ in range(9)),
        '<meta name="renderer" content="webkit"><meta http-equiv="Cache-Control" content="no-siteapp">',
    )
    return "\n".join(random.sample(every, random.randint(2, 5)))


def _body_extras(random: Random, letters: str, size: int) -> str:
    drawn = "".join(
        f'<symbol id="{letters}-{n}" viewBox="0 0 24 24"><path d="M{random.randint(1, 9)} 3h{random.randint(3, 18)}'
        f'v{random.randint(3, 18)}l-{random.randint(1, 9)}.{random.randint(1, 9)} 2.6z"/></symbol>'
        for n in range(random.randint(4, 14) * size)
    )
    every = (
        f'<svg width="0" height="0" style="position:absolute">{drawn}</svg>',
        f'<script type="text/template" id="{letters}-tpl"><div class="{letters}-toast"><%= message %></div></script>',
        f'<img alt="" width="1" height="1" src="data:image/gif;base64,{random.getrandbits(2400):x}">',
        f"<script>var __{letters}={_state(random, 25 * size)};</script>",
        f'<div class="{letters}-modal" hidden><button aria-label="x">&times;</button></div>',
    )
    return "\n".join(random.sample(every, random.randint(2, 4)))


def _menu(name: str, lang: str, given: str, random: Random) -> list[str]:
    if given:
        return given.split("|")
    every = (_MENUS.get((name, lang)) or _MENUS["", lang]).split("|")
    chosen = random.sample(range(1, len(every)), random.randint(len(every) // 2, len(every) - 1))
    return [every[0], *(every[place] for place in sorted(chosen))]


def _sheet(prefix: str, random: Random, number: int) -> str:
    names = ("wrap", "item", "box", "hd", "bd", "btn", "icon", "card", "row", "list", "tit", "img", "tab", "more")
    return "\n".join(
        f".{prefix}-{random.choice(names)}{random.randint(1, 40)}{{{random.choice(_RULES)};{random.choice(_RULES)}}}"
        for _ in range(random.randint(number // 2, number * 3))
    )


def _state(random: Random, number: int) -> str:
    return json.dumps(
        {
            f"{random.choice(_STATE)}{random.randint(0, 99)}": random.choice(
                (True, False, None, f"{random.getrandbits(48):x}", random.randint(0, 9999), {"on": True, "ratio": 0.2})
            )
            for _ in range(random.randint(number // 2, number * 3))
        },
        separators=(",", ":"),
    )
