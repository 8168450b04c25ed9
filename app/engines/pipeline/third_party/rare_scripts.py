"""Scripts of unknown sites that few pages of the whole site use: known when the crawl has seen all of its pages.

One page with a script of its own is nothing: a map, a form of a partner. But who plants a script in one page gives it a
name that says nothing, on a host that nobody knows or that is called like a service that everybody knows; or it says
what it is for. One such thing alone says nothing: two do.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from app.domain.scan_facts import Reference, Relation, ThirdParty
from app.domain.tampering import TamperSign, kind_of, sign_of
from app.engines.analyse.own_site.own_addresses import names_trade
from app.engines.identify.classify import UNKNOWN
from app.engines.scope import registrable_domain

MIN_PAGES: Final = 20  # of the site that were read: of fewer, one page is too many of them
MAX_SHARE: Final = 0.02  # of the pages, that use one such script
MAX_USES: Final = 3
ENOUGH: Final = 2  # things that tell

# Numbers, one or two letters, or what stands for statistics: a library or a service calls itself by its name.
_MEANINGLESS: Final = re.compile(
    r"(?:\d{1,10}|[a-z]{1,2}\d{0,4}|tj\d{0,4}|tongji\d{0,4}|js\d{0,4}|[0-9a-f]{16,64})\.js", re.IGNORECASE
)
# Domains that are called like services of statistics and libraries; those of the services themselves are known.
_IMITATES: Final = re.compile(
    r"tongji|stats|analytics|\btj\d{1,3}[a-z]{0,2}\b|51-?la|51-?tj|\btj-|-tj\d{0,3}\b|cnzz|umeng|baidu|google|gstatic|g-?analytics|\bhm-|jquery|bootstrap|"
    r"cloudflare|jsdelivr|unpkg|cdnjs|wordpress|\bwp-|facebook|fbcdn|twitter|yandex|metrika|recaptcha|microsoft|alicdn|bootcdn|"
    r"walletconnect|metamask|polyfill|stripe|paypal|alipay|wechat",
    re.IGNORECASE,
)
# What opens windows behind the page, digs for coins, or shows what no organisation advertises.
_PUSHES: Final = re.compile(
    r"pop-?(?:under|up-?ads?|ads|cash|adult)|click-?under|(?<![a-z])(?:adult|porn|xxx|sexcam|casino|betting|jackpot)"
    r"(?![a-z])|coinhive|cryptonight|(?<![a-z])miner(?![a-z])|coin-?miner",
    re.IGNORECASE,
)
# What pushes advertisements at visitors, and top-level domains that cost next to nothing.
_ADVERTISES: Final = re.compile(
    r"(?:^|[-.])(?:push|ads?|adserv\w{0,6}|traffic|clicks?|promo|aff)\d{0,3}(?=[-.]|$)|push(?=\.)|"
    r"\.(?:top|xyz|icu|cyou|sbs|cfd|click|buzz|rest|monster|quest|pw|tk|ml|ga|cf|gq)$"
)
_RANDOM: Final = re.compile(r"(?:[a-z]{1,3}\d{1,3}){2,6}[a-z]{0,3}\.")  # label of a host
_NUMBERED: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def rare_scripts(
    parties: Iterable[tuple[ThirdParty, Sequence[Reference]]], *, pages: int, known: Iterable[Reference] = ()
) -> Iterator[Reference]:
    """Yield a sign for each page with such a script, as a reference of the page to itself.

    Args:
        parties: all third parties, each with the references to it that are kept.
        pages: how many pages of the site were read.
        known: signs that an earlier attempt of the scan has found.
    """
    if pages < MIN_PAGES:
        return
    found = {sign.page_url for sign in known if sign_of(sign.kind) is TamperSign.RARE_SCRIPT}
    for party, references in parties:
        for script in _rare(party, references, most=max(1, min(MAX_USES, int(MAX_SHARE * pages)))):
            if script.page_url not in found:
                found.add(script.page_url)
                yield Reference(
                    page_url=script.page_url,
                    url=script.page_url,
                    raw=script.raw,
                    relation=Relation.MENTION,
                    kind=kind_of(TamperSign.RARE_SCRIPT),
                    dom_path=script.dom_path,
                    snippet=script.raw,
                )


def _rare(party: ThirdParty, references: Sequence[Reference], *, most: int) -> Sequence[Reference]:
    """Return the scripts, when they are all that the site has of an unknown party."""
    scripts = [one for one in references if not _is_hint(one)]
    is_rare = (
        party.category == UNKNOWN
        and party.relation is Relation.SCRIPT
        and party.references == len(references)
        and len(scripts) <= most
    )
    if not is_rare or not all(one.kind.startswith("script[src]") for one in scripts):
        return ()
    return [one for one in scripts if _tells(one) >= ENOUGH]


def _is_hint(reference: Reference) -> bool:
    """Whether it only tells browsers to connect to the host early."""
    return reference.kind.startswith("link[href]") and urlsplit(reference.url).path in {"", "/"}


def _tells(script: Reference) -> int:
    """Return how many things about its address tell that nobody of the site has put it there."""
    address = urlsplit(script.url.lower())
    host = address.hostname or ""
    is_odd = address.scheme == "http" and script.page_url.startswith("https:")
    return (
        bool(_MEANINGLESS.fullmatch(address.path.rpartition("/")[2]))
        + bool(_IMITATES.search(registrable_domain(host)) or _RANDOM.match(host))
        + is_odd
        + bool(address.port or _NUMBERED.fullmatch(host))
        + names_trade(script.url, whole=True)
        + bool(_ADVERTISES.search(host))
        + ENOUGH * bool(_PUSHES.search(script.url))
    )
