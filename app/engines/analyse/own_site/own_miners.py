"""Scripts that let the visitors' computers work for somebody else: miners of currencies.

Demonstrations and video codecs start workers as well. A miner is told a pool, an account, an algorithm, and how much of
the computer it may take, and reports to a foreign host.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage
from app.engines.html.script_strings import put_together
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPT: Final = 20_000  # characters
MAX_SCRIPTS: Final = 60
MAX_ADDRESSES: Final = 20  # of one script
ENOUGH: Final = 3  # things that a miner is told

_MARKS: Final = marks(b"worker(")
_ACCOUNTS: Final = marks(b".anonymous(", b".user(", b".token(")
# How the libraries of miners are started, whatever they are called; and that visitors are asked before.
_ACCOUNT: Final = re.compile(
    r"""\bnew\s{1,3}[\w$]{1,40}\.(?:Anonymous|User|Token)\(\s{0,3}["'`][^"'`\n]{6,120}["'`]\s{0,3},[^;]{0,200}?\{"""
    r"""[^{};]{0,200}?\b(?:throttle|threads)\b"""
)
_STARTS: Final = re.compile(r"\.start\s{0,3}\(")
_CONSENT: Final = re.compile(r"addEventListener|\bon(?:click|change)\b|\bconfirm\s{0,3}\(|\.(?:on|click)\s{0,3}\(")
_SCRIPT: Final = re.compile(
    r"""<script\b[^<>]{0,300}?\bsrc\s{0,3}=\s{0,3}["']?(?:https?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62}+)""",
    re.IGNORECASE,
)
_WORKER: Final = re.compile(r"\bnew\s{1,3}(?:Shared)?Worker\s{0,3}\(")
_ADDRESS: Final = re.compile(r"""["'`](?:(?:https?|wss?):)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})""")
_TOLD: Final = (
    re.compile(r"""["'`]wss?://"""),
    re.compile(r"""\bthrottle["']?\s{0,3}[:=]|\bsetThrottle\b""", re.IGNORECASE),
    re.compile(
        r"""\balgo(?:rithm)?["']?\s{0,3}[:=]\s{0,3}["'`]|randomx|cryptonight|ghostrider|yespower""", re.IGNORECASE
    ),
    re.compile(r"""\bpool["']?\s{0,3}[:=]\s{0,3}["'`]|\bstratum\b""", re.IGNORECASE),
    re.compile(r"""\b(?:wallet|user|login|address|siteKey)["']?\s{0,3}[:=]\s{0,3}["'`][\w.+]{26,120}["'`]"""),
    re.compile(r"\bhash(?:es)?(?:Rate|PerSecond|_rate)\b", re.IGNORECASE),
)


def examine_miners(page: OwnPage, is_partner: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_partner`: whether a host is well known, or named by the page in the open."""
    own = registrable_domain(host_of(page.url))
    if not page.marks.isdisjoint(_ACCOUNTS):
        yield from islice(_started(page, own, is_partner), 1)
    if not page.marks >= _MARKS:
        return
    for script in islice(page.scripts(), MAX_SCRIPTS):
        if len(script.text) > MAX_SCRIPT or _WORKER.search(script.text) is None:
            continue
        said = put_together(script.text)
        told = [found for one in _TOLD if (found := one.search(said))]
        hosts = (match[1].lower() for match in islice(_ADDRESS.finditer(said), MAX_ADDRESSES))
        host = next((one for one in hosts if registrable_domain(one) != own and not is_partner(one)), "")
        if host and len(told) >= ENOUGH:
            at = max(0, said.find(host) - MAX_QUOTE // 2)
            raw = host if host in script.text else script.text.strip()[:MAX_QUOTE]
            yield TamperMatch(TamperSign.SCRIPT_TAKES, raw, said[at : at + MAX_QUOTE], (host,), script.dom_path)
            return


def _started(page: OwnPage, own: str, is_partner: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield scripts that start a miner of a foreign host for an account without asking the visitor."""
    for script in islice(page.scripts(), MAX_SCRIPTS):
        code = script.text
        account = _ACCOUNT.search(code) if len(code) <= MAX_SCRIPT else None
        if account is None or not _STARTS.search(code, account.end()) or _CONSENT.search(code):
            continue
        hosts = (match[1].lower() for match in islice(_SCRIPT.finditer(page.markup), MAX_ADDRESSES))
        host = next((one for one in hosts if registrable_domain(one) != own and not is_partner(one)), "")
        if host:
            quote = code[max(0, account.start() - MAX_QUOTE // 4) :][:MAX_QUOTE]
            yield TamperMatch(TamperSign.SCRIPT_TAKES, account[0][:MAX_QUOTE], quote, (host,), script.dom_path)
        return  # the scripts of the page are the same for the next account: they are read once
