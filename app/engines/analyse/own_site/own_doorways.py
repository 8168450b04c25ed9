"""Doorway pages on the site itself: their titles, and the small trades that need no word of the lexicons."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.domain.violations import VIOLATION_FROM
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.structure.doorways import doorways
from app.engines.analyse.structure.gambling_brands import GamblingBrands
from app.engines.html.own_page import OwnPage
from app.engines.urls import host_of

SURE: Final = 0.7  # of a doorway's score
ENOUGH_TEXT: Final = 200  # characters that say in which script a page is written
IN_LINES_FROM: Final = 2  # times that a title stands in running text
STUFFED_FROM: Final = 4  # times that it stands in the text in all
MIN_KEYWORD: Final = 6  # characters of a title that are worth to be strewn about
MAX_TEXT: Final = 60_000
MAX_LINKS: Final = 300

_FOREIGN_SCRIPTS: Final = (
    re.compile("[\u3041-\u3096\u30a1-\u30fa]"),  # kana
    re.compile("[\uac00-\ud7a3]"),  # Hangul
    re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e]"),  # Thai
    re.compile("[\u0400-\u04ff]"),  # Cyrillic
    re.compile("[\u0621-\u064a]"),  # Arabic
)
LETTERS: Final = 4  # of a script that make a title one of that script
# Shops that nobody knows, with goods of brands, stand in search engines under the addresses of others.
_SALE: Final = re.compile(
    r"激安|送料無料|正規品|新品未使用|在庫処分|閉店セール|アウトレット|通販|割引|ポイント\d|\d{2}\s?[%％]\s?OFF|即日発送|買取|スーパーコピー|"
    r"купить|скидк|дешев|доставк|цена|무료배송|할인|정품|레플리카|ราคา|ส่วนลด|خصم|شراء|شحن مجاني",
    re.IGNORECASE,
)
SURE_SALES: Final = 2  # in a title, below which the page's own language is another one
_LANGUAGE: Final = re.compile(
    r"""<html\b[^<>]{0,300}?\blang\s{0,3}=\s{0,3}["']?(?:(?P<chinese>zh)|en|de|fr|es|it|pt|nl|id|vi|sv|pl)\b""",
    re.IGNORECASE,
)
MAX_HEAD: Final = 3_000  # characters of the markup in which the language is named
OTHER_LINES: Final = 5  # lines of ASCII letters, or of Chinese: menus and footers of the site around a page of a shop
_OTHER_LINE: Final = re.compile(r"^[ -~]{0,200}[A-Za-z]{3}[ -~]{0,200}$", re.MULTILINE)
_CHINESE: Final = r"[ -~\u00b7\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
_CHINESE_LINE: Final = re.compile(rf"^{_CHINESE}{{0,200}}?[\u4e00-\u9fff]{{2}}{_CHINESE}{{0,200}}$", re.MULTILINE)
MANY_SALES: Final = 3  # words of a sale, in a title that names the organisation as well
_LATIN: Final = re.compile(r"[A-Za-z]{4,}")
MAX_META: Final = 2_000  # characters
_VERSION: Final = re.compile(r"\s{0,3}v?\d{1,4}(?:\.\d{1,4}){0,4}$", re.IGNORECASE)
# Doorways take over the titles of pages that rank well, with the name of who wrote them.
MAX_BORROWED: Final = 20  # characters of its end
_BORROWED: Final = re.compile(
    r"[-_|｜–—]\s{0,3}(?:百度(?:知道|百科|贴吧|经验|文库|搜索)|知乎|搜狗问问|360问答|新浪爱问|豆瓣|搜狐|腾讯网|网易|今日头条|quora)"
    r"\s{0,3}$",
    re.IGNORECASE,
)
# Between the title of a page and the name of its site, which stands last.
_SITE: Final = re.compile(r"\s[-–—·»]\s|\s?[|｜_]\s?")
_PARTS: Final = re.compile(r"[-_|｜–—,，【】\[\]（）()]")


# Pages about films and loans that lead to brokers stand in the frames of others. Their titles are lists of what people
# search for: several of these phrases, of which one is of no honest film night or advice on debts.
_SEARCHED_FOR: Final = (
    (
        re.compile(
            r"full[ -]?movie|123[ -]?movies|putlocker|fmovies|soap2day|\bvostfr\b|\bsub indo\b|\bnonton\b|"
            r"ganzer film|pel[ií]cula completa|film complet|高清完整版|完整版免费|BT下载|迅雷下载|\btorrents?\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\bwatch\b|free online|online free|\bstream(?:ing)?\b|\b(?:720|1080)p\b|\b4k\b|\bhd\b|dvdrip|blu-?ray|"
            r"\bdownload\b|\bgratis\b|\bgratuit\b|在线观看|免费观看|免费下载",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"guaranteed approval|no credit check|\bno denial\b|\btribal\b|秒批|无视黑白", re.IGNORECASE),
        re.compile(
            r"\bpayday\b|bad credit|same[ -]day|direct lenders?|cash advance|\binstant\b|\$\d{3,5}|下款|放款|免征信",
            re.IGNORECASE,
        ),
    ),
)
MANY_PHRASES: Final = 3


def examine_small_trades(
    page: OwnPage, gambling_brands: GamblingBrands, is_known: Callable[[str], bool] = lambda _: False
) -> Iterator[TamperMatch]:
    """Yield what title and lines offer without any look at the lexicons; cheap on ordinary pages. `is_known`: whether a
    host is that of a well-known service.
    """
    if phrases := _searched_for(page.title):
        links = islice(page.links(), MAX_LINKS)
        if any(link.hidden is None and not is_known(host_of(link.url)) for link in links):
            yield TamperMatch(TamperSign.DOORWAY_UNSURE, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE], phrases)
    door = gambling_brands.door(page.title) if page.title else None
    if door is not None:
        yield TamperMatch(
            TamperSign.TITLE, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE], (door[0],), "html > head > title"
        )
    best = max(doorways(page.title, page.text), key=lambda found: found.score, default=None)
    if best is not None and best.score >= VIOLATION_FROM:
        sign = TamperSign.DOORWAY if best.score >= SURE else TamperSign.DOORWAY_UNSURE
        at = max(0, best.line.lower().find(best.offer) - MAX_QUOTE // 4)
        yield TamperMatch(sign, best.offer, best.line[at : at + MAX_QUOTE], (best.offer,))
    if is_of_another_script(page.title, page.text):
        yield TamperMatch(TamperSign.TITLE_SCRIPT, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE])
        sold = tuple(dict.fromkeys(_SALE.findall(" ".join((page.title, *page.meta))[:MAX_META])))
        if len(sold) >= (MANY_SALES if _names_site(page) else 1):
            yield TamperMatch(TamperSign.TITLE_FOREIGN, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE], sold)
    elif sold := _sold_abroad(page):
        yield TamperMatch(TamperSign.TITLE_SCRIPT, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE])
        yield TamperMatch(TamperSign.TITLE_FOREIGN, page.title[:MAX_QUOTE], page.title[:MAX_QUOTE], sold)


def _sold_abroad(page: OwnPage) -> tuple[str, ...]:
    """Return the words of a sale in a title whose script is neither that of the language that the page states, nor that
    of the menus around it: a shop for other countries, in the template of the site.
    """
    if page.title.isascii() or len(sold := tuple(dict.fromkeys(_SALE.findall(page.title)))) < SURE_SALES:
        return ()
    language = _LANGUAGE.search(page.markup[:MAX_HEAD])
    if language is None or not any(len(script.findall(page.title)) >= LETTERS for script in _FOREIGN_SCRIPTS):
        return ()
    menu = _OTHER_LINE if language["chinese"] is None else _CHINESE_LINE
    lines = islice(menu.finditer(page.text[:MAX_TEXT]), OTHER_LINES)
    is_own = len(sold) < MANY_SALES and _names_site(page)
    return sold if len(list(lines)) == OTHER_LINES and not is_own else ()


def _searched_for(title: str) -> tuple[str, ...]:
    """Return the phrases of which a title is a list; empty when it is none."""
    for sure, usual in _SEARCHED_FOR:
        if surely := sure.findall(title):
            phrases = dict.fromkeys(phrase.lower() for phrase in (*surely, *usual.findall(title)))
            if len(phrases) >= MANY_PHRASES:
                return tuple(phrases)
    return ()


def _names_site(page: OwnPage) -> bool:
    """Whether a title has words of the page's text: a page for foreign visitors says whose it is."""
    text = page.text[:MAX_TEXT]
    return any(word in text for word in _LATIN.findall(page.title.split(host_of(page.url))[0]))


def is_of_another_script(title: str, text: str) -> bool:
    """Whether a title has letters of a script that the page below it has next to none of. The name of the site at its
    end, which may be in any script, is no part of it.
    """
    if title.isascii() or len(text) < ENOUGH_TEXT:
        return False
    *parts, last = [part for part in _SITE.split(title) if part.strip()] or [title]
    own = " ".join(parts) or last
    return any(
        len(script.findall(own)) >= LETTERS and len(script.findall(text[:MAX_TEXT])) < LETTERS
        for script in _FOREIGN_SCRIPTS
    )


def is_borrowed(title: str) -> bool:
    """Whether a title ends with the name of a place where people ask and answer, which the site is not."""
    return _BORROWED.search(title[-MAX_BORROWED:]) is not None


def is_stuffed(title: str, text: str) -> bool:
    """Whether the first part of a title stands in the text again and again, in the middle of its lines."""
    keyword = _VERSION.sub("", _PARTS.split(title, maxsplit=1)[0].strip())
    if len(keyword) < MIN_KEYWORD:
        return False
    lines = [line for line in text[:MAX_TEXT].split("\n") if len(line) > 3 * len(keyword)]
    return sum(line.count(keyword) for line in lines) >= IN_LINES_FROM and text.count(keyword) >= STUFFED_FROM
