"""Codes to pay with that a foreign host serves, beside the news that somebody else takes the money now."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_PICTURES: Final = 100
BESIDE: Final = 1_200  # characters of markup on either side of a picture

_PICTURES: Final = marks(b"<img")
_PICTURE: Final = re.compile(r"<img\b[^<>]{0,1500}>", re.IGNORECASE)
_SRC: Final = re.compile(
    r"""\bsrc\s{0,3}=\s{0,3}["']?(?:https?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})""", re.IGNORECASE
)
_IS_CODE: Final = re.compile(r"qr|二维码|收款码|付款码|捐款码|赞赏码|scan", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,1500}>")
_PAYS: Final = re.compile(
    r"捐款|捐赠|付款|支付|转账|收款|缴费|汇款|\b(?:pay|payments?|donat\w{1,5}|transfer|fees?)\b", re.IGNORECASE
)
_CHANGED: Final = re.compile(
    r"(?:暂由|改由|暂时由)[^。\n]{0,24}(?:账户|账号|帐户|代收|收款)|"
    r"(?:个人|私人|财务|会计)[^。\n]{0,6}(?:账户|账号|帐户)[^。\n]{0,10}代收|"
    r"\b(?:money|payments?|donations?|fees?)\b[^.\n]{0,30}\b(?:to|into)\b[^.\n]{0,16}"
    r"\b(?:temporary|private|treasurer'?s?)\b[^.\n]{0,16}\baccount\b",
    re.IGNORECASE,
)
_NEVER: Final = re.compile(r"从不|从未|不会|不以|切勿|谨防|\b(?:never|not|beware|fake|scams?)\b", re.IGNORECASE)
BEFORE: Final = 30  # characters in which somebody says that it is not so


def examine_payees(page: OwnPage, is_partner: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_partner`: whether a host is well known, or named by the page in the open."""
    if not page.marks >= _PICTURES:
        return
    own = registrable_domain(host_of(page.url))
    for match in islice(_PICTURE.finditer(page.markup), MAX_PICTURES):
        source = _SRC.search(match[0])
        host = source[1].lower() if source and _IS_CODE.search(match[0]) else ""
        if not host or registrable_domain(host) == own or is_partner(host):
            continue
        around = page.markup[max(0, match.start() - BESIDE) : match.end() + BESIDE]
        beside = " ".join(_TAG.sub(" ", around).split())
        changed = _CHANGED.search(beside)
        if changed is None or _PAYS.search(beside) is None:
            continue
        if _NEVER.search(beside[max(0, changed.start() - BEFORE) : changed.end()]) is None:
            quote = beside[max(0, changed.start() - MAX_QUOTE // 4) :][:MAX_QUOTE]
            yield TamperMatch(TamperSign.LURE, match[0][:MAX_QUOTE], quote, (changed[0], host))
            return
