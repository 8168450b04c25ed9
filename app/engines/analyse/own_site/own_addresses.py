"""What the addresses of foreign hosts tell: the trade that they are named after, and whose they are.

Who sells links, codes and pages of organisations leads to hosts that are named for search engines. The name alone is no
sign: it is the second one beside a link that offers, a frame that nobody sees, or a script that few pages use. The host
of a partner tells itself as well: the site names it in the open, or both have the same name.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from app.engines.analyse.structure.gambling_brands import shipped_gambling_brands
from app.engines.html.own_page import OwnLink
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_LINKS: Final = 300
MIN_BRAND: Final = 4  # letters of a brand of gambling in an address: shorter ones are parts of anything
MIN_COMMON: Final = 6  # letters in a row that two names have in common when they are akin

_AUTHORITY: Final = re.compile(r"[a-zA-Z]{0,10}:?//(?:[^/?#@]{0,300}@)?([^/?#:]{1,300})")
_TRADE: Final = re.compile(
    # gambling
    r"casino|kasino|gambling|sportsbook|bookmaker|jackpot|gacor|togel|maxwin|baccarat|roulette|nongam|gamstop|"
    r"(?<![a-z])(?:bets?|betting|slots?|judi|rtp|poker)(?![a-z])|slot\d\d|bet\d\d|(?<!alpha)(?<!ti)(?<!sor)(?<=[a-z])bet(?=[-.]|\d\d)|\d\dbet|"
    r"(?:free|win|lucky|regal|mega|royal|gold|big|reel)-?(?:spins?|bonus)|spin(?:win|casino|regal|palace)|"
    r"(?<![a-z])slot(?:mania|king|queen|land|city|vip|win|bet|game|online)|(?:giftcard|prize|gift)-?spin|"
    r"bocai|caipiao|qipai|dubo|yulecheng|baijiale|zhenren|liuhe|mahjongways|bobty|kaiyun(?:app|sport|ty)|"
    # pornography
    r"porn|hentai|(?<![a-z])(?:sex|sexy|adult|escorts?|av\d\d+)(?![a-z])|sexcam|camgirl|(?:live|web|adult)cams?(?![a-z])|nudes?(?![a-z])|"
    r"seqing|chengren|luoliao|yuepao|"
    # medicines and drugs
    r"viagra|cialis|tadalafil|sildenafil|tramadol|xanax|oxycod|fentanyl|steroid|(?<![a-z])rx(?![a-z])|meds(?:24|online|shop|-)|"
    # papers, accounts, money
    r"replica|diploma|fake-?(?:id|doc)|zhengjian|banzheng|daixie|daikao|daiban|(?<![a-z])(?:essays?|papers)(?![a-z])|"
    r"(?:write|do|take)-?my-?(?:essay|exam|class|homework|test|paper)|essay-?(?:writ|pro|help|hub|mill)|coursework|"
    r"payday|(?:fast|quick|easy)-?(?:cash|loan)|(?<![a-z])loans?(?![a-z])|xiaodai|daikuan|usdt|paofen|heike|zhuikuan|"
    r"airdrop|(?:claim|drop)-?(?:token|nft|eth)|"
    # weapons
    r"ghost-?(?:gun|parts?)|"
    # what pushes itself
    r"pop-?(?:under|up-?ads?|ads|cash)|click-?under",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[a-z]+\d*")
# Parts of names that many organisations have in common.
_ORDINARY: Final = re.compile(
    r"universit[yé]?|college|schools?|hospital|museums?|library|libraries|council|association|society|official|online|"
    r"service|services|group|international|national|community|centre|center|company|travel|xuexiao|daxue|yiyuan"
)


def names_trade(url: str, *, whole: bool = False) -> bool:
    """Whether a host is named after a trade of intruders. `whole`: path and query are looked at as well."""
    address = urlsplit(url.lower() if "//" in url else f"//{url.lower()}")
    host = address.hostname or ""
    text = f"{host}{address.path}?{address.query}" if whole else host
    return _says_trade(text) if whole else _host_names_trade(text)


@lru_cache(maxsize=4_096)  # the foreign hosts of a site are few, and short
def _host_names_trade(host: str) -> bool:
    return _says_trade(host)


def _says_trade(text: str) -> bool:
    return _TRADE.search(text) is not None or _names_brand(text)


def _names_brand(address: str) -> bool:
    """Whether a word of an address is a brand of gambling, with a number behind it or without one."""
    brands = shipped_gambling_brands().by_name
    words = (word.rstrip("0123456789") for word in _WORD.findall(address))
    return any(len(word) >= MIN_BRAND and word in brands and brands[word].is_own for word in words)


def named_in_the_open(links: Callable[[], Sequence[OwnLink]], page_url: str) -> Callable[[str], bool]:
    """Return whether a page leads its visitors to a host for all to see, or the host has the site's own name.

    An organisation that moves, or has a shop elsewhere, says so; nobody who sends visitors away in secret does.
    """

    def is_named(host: str) -> bool:
        if names_trade(host):
            return False
        domain = registrable_domain(host)
        if is_akin(host_of(page_url), host):
            return True
        return any(_is_open(link) and link.domain == domain for link in islice(links(), MAX_LINKS))

    return is_named


def _is_open(link: OwnLink) -> bool:
    return link.hidden is None and not link.is_inactive


@lru_cache(maxsize=4_096)
def is_akin(one: str, other: str) -> bool:
    """Whether the domains of two hosts have a good part of their names in common."""
    first, second = (_ORDINARY.sub("|", _label(host)) for host in (one, other))
    windows = {first[at : at + MIN_COMMON] for at in range(len(first) - MIN_COMMON + 1)}
    return any(window in second for window in windows if "|" not in window)


def _label(host: str) -> str:
    return registrable_domain(host).partition(".")[0].replace("-", "")


def is_written(address: str, code: str) -> bool:
    """Whether the domain of an address stands in a script, as the address has it: with capitals, or letters that the
    DNS has not.
    """
    labels = registrable_domain(host_of(address)).count(".") + 1
    host = _AUTHORITY.match(address)
    return host is not None and ".".join(host[1].rstrip(".").split(".")[-labels:]) in code


def trade_of(links: Iterable[OwnLink]) -> set[str]:
    """Return the domains that are named after a trade."""
    return {link.domain for link in links if names_trade(link.url)}
