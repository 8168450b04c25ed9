"""Texts of a page that stand where nobody looks for them: drawn by a style sheet alone, or tiny and white.

A style sheet's `content` draws icons, quotation marks and short labels. A sentence with a handle to write to, which no
search of the page's text finds, is somebody else's.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage

MAX_RULES: Final = 200
MAX_TINY: Final = 20
MIN_TEXT: Final = 8  # characters
MAX_TEXT: Final = 800

_STYLES: Final = marks(b"<style", b"content:")
_FONTS: Final = marks(b"<font")
_CONTENT: Final = re.compile(
    r"""\bcontent\s{0,3}:\s{0,3}(?:"((?:[^"\\\n]|\\.){8,2000}+)"|'((?:[^'\\\n]|\\.){8,2000}+)')"""
)
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)")
_MAX_CODE: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_LETTER: Final = re.compile(r"[^\W\d_]")
# A messenger's name that is spelled so that filters do not read it: who has nothing to hide writes it as it is.
_HANDLE: Final = re.compile(r"加[薇威徽维溦vV][信x]?[\s:：]{0,3}[a-zA-Z][a-zA-Z0-9_\-]{4,20}")
_TINY: Final = re.compile(
    r"""<font\b(?=[^<>]{0,200}\bsize\s{0,3}=\s{0,3}["']?1\b)(?=[^<>]{0,200}\bcolor\s{0,3}=\s{0,3}["']?(?:#?f{3}(?:f{3})?|white)\b)[^<>]{0,400}>""",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]{0,600}>")
_END: Final = re.compile(r"</(?:td|div|p|li|tr)\b", re.IGNORECASE)


def examine_drawn(
    page: OwnPage, offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None]
) -> Iterator[TamperMatch]:
    """Yield at most one sign of each kind. `offer_in`: a quote and the words of a trade that a text offers something
    with.
    """
    if page.marks >= _STYLES:
        yield from islice(_by_styles(page, offer_in), 1)
    if page.marks >= _FONTS:
        yield from islice(_tiny(page, offer_in), 1)


def _by_styles(page: OwnPage, offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None]) -> Iterator[TamperMatch]:
    for match in islice(_CONTENT.finditer(page.markup), MAX_RULES):
        written = match[1] or match[2]
        said = " ".join(_ESCAPE.sub(_character, written).split())[:MAX_TEXT]
        if len(_LETTER.findall(said)) < MIN_TEXT or said in page.text:
            continue
        offer = offer_in(said)
        if offer is not None or _HANDLE.search(said):
            terms = offer[1] if offer is not None else (said[:MAX_QUOTE],)
            yield TamperMatch(TamperSign.LURE, written[:MAX_QUOTE], said[:MAX_QUOTE], terms)


def _tiny(page: OwnPage, offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None]) -> Iterator[TamperMatch]:
    """Yield an offer in the smallest letters and the colour of paper: on dark ground everybody could read it, but no
    letters are so small there.
    """
    for match in islice(_TINY.finditer(page.markup), MAX_TINY):
        end = _END.search(page.markup, match.end(), match.end() + 2 * MAX_TEXT)
        block = page.markup[match.end() : end.start() if end else match.end() + 2 * MAX_TEXT]
        said = " ".join(_TAG.sub(" ", block).split())[:MAX_TEXT]
        offer = offer_in(said) if len(said) >= MIN_TEXT else None
        if offer is not None:
            yield TamperMatch(TamperSign.HIDDEN_TEXT, said[:MAX_QUOTE], said[:MAX_QUOTE], offer[1])


def _character(match: re.Match[str]) -> str:
    if match[2]:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code <= _MAX_CODE and code not in _SURROGATES else ""
