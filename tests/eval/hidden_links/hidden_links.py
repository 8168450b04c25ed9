"""Designs that hide links from visitors, and harmless ones that come close.

A design is a piece of a page in which `{{hidden}}`, `{{shown}}` and `{{reachable}}` stand for links. Attributes of the
link stand behind a bar: `{{hidden|class="k"}}`; `{{hidden@}}` is the address alone. `[[declarations]]` makes one design
for each place of the same style: at the element, in a style block, in the site's style sheet, at an ancestor, at the
link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.eval.provenance import Provenance, read

FOLDER: Final = Path(__file__).parent
SHEET_PATH: Final = "/css/site.css"
_LINK: Final = re.compile(r"\{\{(hidden|shown|reachable)(@?)(?:\|([^}]*))?\}\}")
_TEXTS: Final = {
    "hidden": ("澜海娱乐官网", "真人百家乐", "亚顶国际注册", "时时彩计划", "传奇私服发布"),
    "shown": ("岚城轴承", "恒力液压", "机床展会网", "刀具商城", "江澜晚报"),
    "reachable": ("澜省统计局", "少年图书馆", "园林职业学院", "青屿教育资源网", "花木交易网"),
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>岚城精密机械有限公司</title>
<link rel="stylesheet" href="{sheet_path}">
{head}
</head>
<body{body_attributes}>
<h1>岚城精密机械有限公司</h1>
<p>公司专业生产数控车床、立式加工中心及非标自动化设备，服务汽车零部件、液压、轴承等行业。</p>
{html}
<p>友情链接：<a href="https://always-shown.example/">岚城工业网</a></p>
<p>地址：岚城高新区创新三路33号</p>
</body>
</html>
"""
_FORMS: Final = ("inline", "block", "sheet", "ancestor", "link")


@dataclass(frozen=True, slots=True)
class Design:
    """One page with links of which it is known who sees them."""

    id: str
    provenance: Provenance
    kind: str  # way of hiding; of a harmless design its name among designers ("menu", "tabs", ...)
    harmless: bool
    html: str  # the whole page
    sheet: str  # text of the site's style sheet that the page names as SHEET_PATH; may be empty
    hidden: tuple[str, ...]  # hosts of links that no visitor sees: each is to be found
    shown: tuple[str, ...]  # hosts of links to be seen at once: none may be called hidden
    reachable: tuple[str, ...]  # hosts of links that a visitor's own act, device or reader brings: none may be accused


def designs() -> tuple[Design, ...]:
    """All that hide links."""
    return tuple(_read_all("hiding*.toml", harmless=False))


def harmless_designs() -> tuple[Design, ...]:
    return tuple(_read_all("harmless*.toml", harmless=True))


def _read_all(pattern: str, *, harmless: bool) -> Iterator[Design]:
    for path in sorted(FOLDER.glob(pattern)):
        provenance, document = read(path)
        for entry in document.get("declarations", ()):
            for form in entry.get("forms", _FORMS):
                yield _design(_written_as(form, entry), provenance, harmless=harmless)
        for entry in document["design"]:
            yield _design(entry, provenance, harmless=harmless)


def _written_as(form: str, entry: dict[str, Any]) -> dict[str, Any]:
    css, around = entry["css"], entry.get("around", "")
    made = {**entry, "id": f"{entry['id']}-{form}"}
    rule = f".b{{{css}}}"
    open_around, close_around = (f'<div style="{around}">', "</div>") if around else ("", "")
    match form:
        case "inline":
            inner = f'<div style="{css}">{{{{hidden}}}} {{{{hidden}}}}</div>'
        case "block":
            inner, made["style"] = '<div class="b">{{hidden}} {{hidden}}</div>', rule
        case "sheet":
            inner, made["sheet"] = '<div class="b">{{hidden}} {{hidden}}</div>', rule
        case "ancestor":
            inner = f'<div style="{css}"><ul><li><span>{{{{hidden}}}}</span></li></ul></div>'
        case "link":
            inner = f'<p>公司主营机床，{{{{hidden|style="{css}"}}}}欢迎来电咨询。</p>'
        case _:
            raise KeyError(form)
    made["html"] = open_around + inner + close_around
    return made


def _design(entry: dict[str, Any], provenance: Provenance, *, harmless: bool) -> Design:
    hosts: dict[str, list[str]] = {seen: [] for seen in _TEXTS}
    numbers = count(1)

    def link(mark: re.Match[str]) -> str:
        seen, address_alone, attributes = mark.group(1), mark.group(2), mark.group(3) or ""
        number = next(numbers)
        host = f"{seen}-{number}-{entry['id']}.example"
        hosts[seen].append(host)
        if address_alone:
            return f"https://{host}/"
        text = _TEXTS[seen][number % len(_TEXTS[seen])]
        return f'<a href="https://{host}/"{" " * bool(attributes)}{attributes}>{text}</a>'

    html = _LINK.sub(link, entry["html"])
    head = entry.get("head", "") + (f"\n<style>{entry['style']}</style>" if "style" in entry else "")
    body_attributes = f" {entry['body']}" if "body" in entry else ""
    page = _PAGE.format(sheet_path=SHEET_PATH, head=head.strip(), body_attributes=body_attributes, html=html)
    return Design(
        id=entry["id"],
        provenance=provenance,
        kind=entry["kind"],
        harmless=harmless,
        html=page,
        sheet=entry.get("sheet", ""),
        hidden=tuple(hosts["hidden"]),
        shown=(*hosts["shown"], "always-shown.example"),
        reachable=tuple(hosts["reachable"]),
    )
