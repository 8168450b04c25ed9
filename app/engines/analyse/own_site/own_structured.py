"""Goods in the structured data of a page (JSON-LD) that the page itself does not speak of.

Search engines show name, price and stars of such goods below the address of the site; visitors see nothing of it. A
shop, and who recommends a product, speaks of what it sells.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import names_trade
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPTS: Final = 20
MAX_LENGTH: Final = 100_000  # characters of one block
MAX_NODES: Final = 2_000
MAX_PRODUCTS: Final = 100  # of a page: each name is looked for in its text, each host in its markup
MAX_NAME: Final = 120
MAX_TEXT: Final = 60_000
ENOUGH_TEXT: Final = 100  # characters of a page that speaks at all, before its scripts run
MIN_WORD: Final = 4  # letters
MIN_WORDS: Final = 2  # of a name that says what is sold

_MARKS: Final = marks(b"application/ld+json")
_GOODS: Final = marks(b'"offers"')
_BLOCK: Final = re.compile(r"""<script\b[^<>]{0,400}\bapplication/ld\+json\b[^<>]{0,400}>""", re.IGNORECASE)
_END: Final = "</script"
_WORD: Final = re.compile(r"[A-Za-zÀ-ɏЀ-ӿ]{4,}|[^\W\dA-Za-z_]{2,}")
_SOLD: Final = ("price", "lowPrice", "highPrice", "priceCurrency")


def examine_structured(
    page: OwnPage,
    is_partner: Callable[[str], bool],
    offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None],
) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_partner`: whether a host is well known, or named by the page in the open; `offer_in`:
    a quote and the words of a trade that a text offers something with.
    """
    if not page.marks >= _MARKS | _GOODS:
        return
    own = registrable_domain(host_of(page.url))
    if len(page.text) < ENOUGH_TEXT:
        return
    blocks = list(_blocks(page.markup))
    spoken = f"{page.title}\n{page.text[:MAX_TEXT]}".lower()
    for name, addresses in islice(_products(blocks), MAX_PRODUCTS):
        if _is_spoken_of(name, spoken):
            continue
        offer = offer_in(name)
        hosts = (host_of(address) for address in addresses)
        foreign = next((one for one in hosts if one and registrable_domain(one) != own and not is_partner(one)), "")
        domain = registrable_domain(foreign)
        if foreign and page.markup.count(domain) > sum(block.count(domain) for block in blocks):
            foreign = ""  # the page names it elsewhere: its own address, or whose goods it has
        if offer is not None or (foreign and names_trade(foreign)):
            terms = offer[1] if offer is not None else (foreign,)
            yield TamperMatch(TamperSign.HIDDEN_TEXT, name[:MAX_QUOTE], name[:MAX_QUOTE], terms)
            return
        if foreign:
            yield TamperMatch(TamperSign.DESCRIPTION, name[:MAX_QUOTE], f"{name} ({foreign})"[:MAX_QUOTE], (name,))
            return


def _blocks(markup: str) -> Iterator[str]:
    for match in islice(_BLOCK.finditer(markup), MAX_SCRIPTS):
        end = markup.find(_END, match.end(), match.end() + MAX_LENGTH)
        if end > 0 and '"offers"' in (block := markup[match.end() : end]):
            yield block


def _products(blocks: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield name and addresses of what is offered at a price."""
    for source in blocks:
        try:
            data = json.loads(source)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data):
            name, offers = node.get("name"), _listed(node.get("offers"))
            if isinstance(name, str) and node.get("@type") == "Product" and any(map(_is_priced, offers)):
                yield name[:MAX_NAME], [url for one in (node, *offers) if isinstance(url := one.get("url"), str)]


def _nodes(data: object) -> Iterator[dict[str, object]]:
    """Yield the objects of a block, outer ones first."""
    waiting = deque([data])
    for _ in range(MAX_NODES):
        if not waiting:
            return
        one = waiting.popleft()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _listed(offers: object) -> list[dict[str, object]]:
    return [one for one in (offers if isinstance(offers, list) else [offers]) if isinstance(one, dict)]


def _is_priced(offer: dict[str, object]) -> bool:
    return any(key in offer for key in _SOLD)


def _is_spoken_of(name: str, spoken: str) -> bool:
    """Whether the page has half of a name's words, or the name says too little."""
    words = list(dict.fromkeys(_WORD.findall(name.lower())))
    if len(words) < MIN_WORDS and not any(len(word) >= MIN_WORD for word in words):
        return True
    return 2 * sum(_has(spoken, word) for word in words) >= len(words)


def _has(spoken: str, word: str) -> bool:
    """Words of scripts without spaces are whole sentences: a part of them is enough."""
    if word.isascii() or len(word) <= MIN_WORD:
        return word in spoken
    return any(word[at : at + MIN_WORD] in spoken for at in range(len(word) - MIN_WORD + 1))
