"""Frames that an attacker has added to the site's own pages: frames that cover the page, and frames without a size."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import names_trade
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, resolve

MAX_FRAMES: Final = 50

_FRAME: Final = re.compile(r"<(?:i?frame|object|embed)\b", re.IGNORECASE)
MAX_TAG: Final = 2_000  # characters
# The element right before a frame: what holds it.
_HOLDER: Final = re.compile(r"<(?:div|section|center|p)\b[^<>]{0,1000}>\s{0,20}$", re.IGNORECASE)
MAX_HOLDER: Final = 1_100  # characters before a frame
_SRC: Final = re.compile(
    r"""\b(?:src|data)\s{0,3}=\s{0,3}(?:"([^"]{1,1000})"|'([^']{1,1000})'|([^\s"'>]{1,1000}))""", re.IGNORECASE
)
_FIXED: Final = re.compile(r"position\s{0,3}:\s{0,3}(?:fixed|absolute)", re.IGNORECASE)
_FULL_WIDTH: Final = re.compile(r"(?<![\w-])width\s{0,3}[:=]\s{0,3}[\"']?100(?:%|vw)", re.IGNORECASE)
_FULL_HEIGHT: Final = re.compile(r"(?<![\w-])height\s{0,3}[:=]\s{0,3}[\"']?100(?:%|vh)", re.IGNORECASE)
_EDGE: Final = {
    side: re.compile(rf"(?<![\w-]){side}\s{{0,3}}:\s{{0,3}}0(?![\d.])", re.IGNORECASE)
    for side in ("top", "left", "right", "bottom")
}
_NO_SIZE: Final = re.compile(
    r"""(?<![\w-])(?:width|height)\s{0,3}[:=]\s{0,3}["']?[01](?:px)?(?=[\s"';>])""", re.IGNORECASE
)
# What is in no window at all, and a frame that may send the whole page elsewhere.
_UNSEEN: Final = re.compile(
    r"""display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|opacity\s{0,3}:\s{0,3}0(?:\.0{1,3})?(?=[\s"';>])|"""
    r"(?:left|top)\s{0,3}:\s{0,3}-\d{3,5}",
    re.IGNORECASE,
)
# ... by itself: visitors cannot click on what they do not see.
_LEADS_AWAY: Final = re.compile(r"\bsandbox\s{0,3}=[^<>]{0,300}allow-top-navigation(?!-)", re.IGNORECASE)
# A page in an element for programs: statistics, players and documents are none.
_PAGE_AS_OBJECT: Final = re.compile(
    r"""<(?:object|embed)\b[^<>]{0,600}\btype\s{0,3}=\s{0,3}["']?text/html""", re.IGNORECASE
)
_ODD_ADDRESS: Final = re.compile(
    r"http:|https?://[^/]{1,300}:\d|https?://\d{1,3}(?:\.\d{1,3}){3}(?:[/:]|$)", re.IGNORECASE
)


def examine_frames(markup: str, page_url: str, is_known: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield at most one sign of each kind. `is_known`: whether a host is that of a well-known service.

    Statistics use frames of no size as well; only one without encryption, with a port or a bare address is odd.
    """
    seen: set[TamperSign] = set()
    for start, tag in islice(_frames(markup), MAX_FRAMES):
        address = _foreign(tag, page_url, is_known)
        before = markup[max(0, start - MAX_HOLDER) : start]
        sign = _sign(tag, address, before) if address else None
        if sign is not None and sign not in seen:
            seen.add(sign)
            yield TamperMatch(sign, address, tag[:MAX_QUOTE])


def _frames(markup: str) -> Iterator[tuple[int, str]]:
    """Yield the tags of frames with their places. What begins too far from the next end of a tag is passed over at
    once: with the end in the pattern, a page full of beginnings took seconds.
    """
    at = 0
    while (begin := _FRAME.search(markup, at)) is not None:
        end = markup.find(">", begin.end())
        if end < 0:
            return
        is_tag = end - begin.end() <= MAX_TAG
        if is_tag:
            yield begin.start(), markup[begin.start() : end + 1]
        at = end + 1 if is_tag else max(begin.end(), end - MAX_TAG - len("<object"))


def _foreign(tag: str, page_url: str, is_known: Callable[[str], bool]) -> str:
    found = _SRC.search(tag)
    address = resolve(page_url, (found[1] or found[2] or found[3]).replace("&amp;", "&")) if found else None
    host = host_of(address or "")
    is_foreign = host and registrable_domain(host) != registrable_domain(host_of(page_url)) and not is_known(host)
    return (address or "") if is_foreign else ""


def _sign(tag: str, address: str, before: str) -> TamperSign | None:
    is_full = _FULL_WIDTH.search(tag) and _FULL_HEIGHT.search(tag)
    if is_full and (_FIXED.search(tag) or _is_covering(before)):
        return TamperSign.FRAME_COVERS
    is_small = _NO_SIZE.search(tag) is not None
    if is_small and (_ODD_ADDRESS.match(address) or _LEADS_AWAY.search(tag) or _PAGE_AS_OBJECT.match(tag)):
        return TamperSign.FRAME_UNSEEN
    if (is_small or _UNSEEN.search(tag)) and names_trade(address):
        return TamperSign.FRAME_UNSEEN
    return None


def _is_covering(before: str) -> bool:
    """Whether the element that a frame stands in, if it stands first in it, is fixed over the whole window."""
    holder = _HOLDER.search(before)
    if holder is None or _FIXED.search(holder[0]) is None:
        return False
    tag = holder[0]
    is_sized = _FULL_WIDTH.search(tag) and _FULL_HEIGHT.search(tag)
    return bool(is_sized) or all(edge.search(tag) for edge in _EDGE.values())
