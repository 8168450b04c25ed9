"""Windows of a foreign host that a script opens at a click that was meant for something else (pop-unders).

Such a script listens to the whole page, keeps in mind when it has done so last, and asks nothing of what was clicked.
Scripts that follow links, close menus or open the window of a partner ask for the element, or listen to one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import Marks, marks
from app.engines.html.own_page import OwnText
from app.engines.html.script_strings import put_together
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPT: Final = 8_000  # characters: what somebody has put into a page is short
MAX_SCRIPTS: Final = 60
MAX_LISTENERS: Final = 20  # of one script
MAX_ADDRESSES: Final = 20
MAX_HANDLER: Final = 900  # characters
ENDS: Final = 300  # characters at the beginning and the end of a script that is one function

_MARKS: Final = marks(b"addeventlistener", b"open(")
_EVENT: Final = r"""["'`](?:click|mousedown|mouseup|touchstart|touchend|pointerdown|pointerup)["'`]"""
_LISTENS: Final = re.compile(
    r"(?<![\w$])(?:window\s{0,3}\.\s{0,3})?([A-Za-z_$][\w$]{0,40})"
    r"(?:\s{0,3}\.\s{0,3}(?:body|documentElement))?\s{0,3}\.\s{0,3}addEventListener\s{0,3}\(\s{0,3}"
    + _EVENT
    + r"\s{0,3},\s{0,3}(?:(function|async|\()|([A-Za-z_$][\w$]{0,40})\s{0,3}[,)])"
)
# What a script calls the page and the window: as parts of a function at once, or by another name.
_TAKES: Final = re.compile(
    r"(?:function\s{0,3}[\w$]{0,30}\s{0,3}\(\s{0,3}([\w$][\w$,\s]{0,80})\)\s{0,3}\{|\(\s{0,3}\(([\w$][\w$,\s]{0,80})\)\s{0,3}=>)"
)
_PASSES: Final = re.compile(r"\}\s{0,3}\)?\s{0,3}\(\s{0,3}((?:document|window)[\w$.,\s]{0,120})\)")
_IS: Final = re.compile(
    r"(?<![\w$.])([A-Za-z_$][\w$]{0,20})\s{0,3}=\s{0,3}(document|window)"
    r"(?:\s{0,3}\.\s{0,3}(?:body|documentElement))?\s{0,3}(?=[,;\n])"
)
_FUNCTION: Final = re.compile(
    r"(?:function\s{1,3}([A-Za-z_$][\w$]{0,40})\s{0,3}\(|"
    r"(?<![\w$.])([A-Za-z_$][\w$]{0,40})\s{0,3}=\s{0,3}(?:async\s{0,3})?(?:function\b|\([\w$,\s]{0,40}\)\s{0,3}=>))"
)
_OPENS: Final = re.compile(r"\bopen\s{0,3}\(")
_REMEMBERS: Final = re.compile(r"localStorage|sessionStorage|\bcookie\b|removeEventListener|\bonce\b")
_AIMED: Final = re.compile(
    r"\b(?:e|ev|evt|event)\s{0,3}\.\s{0,3}(?:target|currentTarget)\b|\bclosest\b|\bmatches\b|\bcontains\b|"
    r"\bcomposedPath\b|\bconfirm\s{0,3}\("
)
_ADDRESS: Final = re.compile(r"""["'`]((?:https?:)?//(?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62}[^\s"'`<>]{0,300})""")


def opens(found: Marks) -> bool:
    """Tell quickly whether a script of the page may open a window at a click. `found`: marks that stand in it."""
    return found >= _MARKS


def examine_popunders(
    scripts: Iterable[OwnText], page_url: str, is_partner: Callable[[str], bool]
) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_partner`: whether a host is well known, or named by the page in the open."""
    own = registrable_domain(host_of(page_url))
    for script in islice(scripts, MAX_SCRIPTS):
        code = script.text
        if len(code) > MAX_SCRIPT or "addEventListener" not in code or "open" not in code:
            continue
        said = put_together(code)
        if not any(map(_is_popunder, _handlers(said))):
            continue
        address = next(_foreign(said, own, is_partner), None)
        if address is not None:
            raw = address if address in code else code.strip()[:MAX_QUOTE]
            at = max(0, said.find(address) - MAX_QUOTE // 2)
            quote = said[at : at + MAX_QUOTE]
            leads_to = (address if address.startswith("http") else f"https:{address}",)
            yield TamperMatch(TamperSign.SCRIPT_REDIRECTS, raw, quote, dom_path=script.dom_path, leads_to=leads_to)
            return


def _handlers(code: str) -> Iterator[str]:
    """Yield the beginnings of the functions that are called wherever somebody clicks."""
    everywhere = {"document", "window", *_names(code)}
    functions = {match[1] or match[2]: match.end() for match in islice(_FUNCTION.finditer(code), MAX_LISTENERS)}
    for match in islice(_LISTENS.finditer(code), MAX_LISTENERS):
        start = match.end() if match[2] else functions.get(match[3])
        if match[1] in everywhere and start is not None:
            yield code[start : start + MAX_HANDLER]


def _names(code: str) -> Iterator[str]:
    """Yield the names by which a script calls the page and the window."""
    yield from (match[1] for match in islice(_IS.finditer(code), MAX_LISTENERS))
    takes, passes = _TAKES.search(code[:ENDS]), _PASSES.search(code[-ENDS:])
    if takes and passes:
        yield from (
            name.strip()
            for name, value in zip((takes[1] or takes[2]).split(","), passes[1].split(","), strict=False)
            if value.strip() in ("document", "window")
        )


def _is_popunder(handler: str) -> bool:
    return bool(_OPENS.search(handler) and _REMEMBERS.search(handler)) and _AIMED.search(handler) is None


def _foreign(code: str, own: str, is_partner: Callable[[str], bool]) -> Iterator[str]:
    for match in islice(_ADDRESS.finditer(code), MAX_ADDRESSES):
        host = host_of(match[1] if match[1].startswith("http") else f"https:{match[1]}")
        if registrable_domain(host) != own and not is_partner(host):
            yield match[1]
