"""Tiny sites for the tests of what reads and judges batches of sites."""

from pathlib import Path
from typing import Final

_CASINO: Final = (
    "真人百家乐注册送彩金，首存优惠，老虎机与龙虎斗，美女荷官在线发牌，提款秒到账，天天返水无上限，立即投注。"
)
_CHANGED: Final = f"<title>真人百家乐 注册送彩金</title><h1>真人百家乐</h1><p>{_CASINO}</p>"
# Named as nothing, on a host that is called like a service: a rare script where a site is large enough.
SCRIPT: Final = "https://51la-sdk.test/1.js"
SITE: Final = """
host = "www.mill.test"
lang = "en"
about = "a mill with a shop"
[changed]
page = "/vip.html"
kind = "doorway"
trade = "gambling"
quote = "<h1>真人百家乐</h1>"
what = "a page about a casino"
[twin]
page = "/"
what = "a new notice on the start page"
"""
SCRIPTED: Final = f"""
host = "www.lake.test"
lang = "zh"
about = "a museum of a lake"
[changed]
page = "/tickets.html"
kind = "foreign_script"
trade = "fraud"
quote = '<script src="{SCRIPT}"></script>'
what = "a script at the end of one page"
[twin]
page = "/js/menu.js"
what = "another menu"
"""


def _page(name: str, text: str = "") -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{name} - The mill</title></head><body><h1>{name}</h1>'
        f'<p>The {name} of the mill is open from May to October.</p>{text}<script src="/js/menu.js"></script></body>'
    )


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_site(folder: Path, said: str = SITE) -> None:
    """Write a site of six pages to which an intruder has added one."""
    _write(folder, "site.toml", said)
    for name in ("index", "shop", "prices", "history", "contact", "tours"):
        _write(folder, f"pages/{name}.html", _page(name))
    _write(folder, "changed/vip.html", f'<!DOCTYPE html><html><meta charset="utf-8">{_CHANGED}</html>')
    _write(folder, "twin/index.html", _page("index", "<p>The mill is closed on Sunday.</p>"))


def write_scripted_site(folder: Path) -> None:
    """Write a site of 24 pages, to one of which an intruder has added a script, and whose owner changed a script."""
    _write(folder, "site.toml", SCRIPTED)
    for name in ("index", "tickets", *(f"hall-{number}" for number in range(22))):
        _write(folder, f"pages/{name}.html", _page(name))
    _write(folder, "pages/js/menu.js", "document.body.className = 'menu';")
    _write(folder, "changed/tickets.html", _page("tickets", f'<script src="{SCRIPT}"></script>'))
    _write(folder, "twin/js/menu.js", "document.body.className = 'wide menu';")
