"""What lies in wait for visitors on the site's own pages: pretences, and scripts that take what visitors type.

The rules of third parties for programs, commands and wallets are asked of a page of the site as well, when its markup
has a word of them. Scripts that hand over what is typed into a form to a foreign host, or that run what a foreign host
sends, need no words; a script beside a foreign one that says what a trade offers is that trade's window.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import names_trade
from app.engines.analyse.own_site.own_pretences import (
    CALLS,
    CLIPBOARD,
    COMMAND,
    HUMAN,
    OUTDATED,
    PROGRAMS,
    RUN_DIALOG,
    SCARES,
    covers,
    expiry_in,
    is_script,
    prize_in,
    program_links,
    scare_in,
)
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.structure.lures import PROTECTION_OFF, RESTORED, UNTRUSTED
from app.engines.html.disguised_scripts import is_disguised, undisguise
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage, OwnText
from app.engines.html.script_strings import put_together
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPT: Final = 20_000  # characters: what somebody has put into a page is short
MAX_WINDOW: Final = 4_000  # of what a foreign script is told to show
MAX_SCRIPTS: Final = 60
MAX_TEXT: Final = 60_000

_SCRIPT: Final = marks(b"<script")
_SRC: Final = re.compile(
    # Possessive: what a host and an address may be shorter by is never tried, which took seconds of some tags.
    r"""<script\b[^<>]{0,600}?\bsrc\s{0,3}=\s{0,3}["']?"""
    r"""((?:https?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62}+)(?![\w\-])[^\s"'<>]{0,500}+)[^<>]{0,1000}+>""",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"""["'`](?:https?:|wss?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})[^\s"'`<>]{0,300}"""
)
# What visitors type, as scripts name it; that they send it; and how.
_SECRET: Final = re.compile(
    r"passw(?:or)?d|passwd|\bpwd\b|\bcvv\b|\bcvc\b|card-?_?(?:num|no|holder)|cc-?_?(?:num|exp|cvc|cvv)|type=.{0,3}password|密码|卡号|"
    r"身份证|idcard|id_?no\b|\biban\b|\bpin\b",
    re.IGNORECASE,
)
_TYPED: Final = re.compile(
    r"""addEventListener\(\s{0,3}["'](?:submit|input|change|blur|key\w{2,5}|click|beforeunload)|"""
    r"""\.on(?:submit|input|change|blur|key\w{2,5}|click)\s{0,3}=|"""
    r"""new FormData|\.serialize\(|querySelectorAll\(\s{0,3}["'](?:input|form|\[)""",
    re.IGNORECASE,
)
_SENDS: Final = re.compile(
    r"sendBeacon|\bfetch\s{0,3}\(|XMLHttpRequest|new Image\b|\$\.(?:post|ajax|get)|\.src\s{0,3}=|"
    r"new WebSocket|createElement\(\s{0,3}[\"']img",
    re.IGNORECASE,
)
# Whatever is typed, sent so that nobody sees it: forms of partners are sent as forms are.
_EVERY_FIELD: Final = re.compile(
    r"""querySelectorAll\(\s{0,3}["'](?:input|form|textarea|select|\[name)|getElementsByTagName\(\s{0,3}["'](?:input|form)|"""
    r"""document\s{0,3}\.\s{0,3}forms|new FormData|\.serialize\("""
)
_VALUES: Final = re.compile(r"\.value\b|new FormData|\.serialize|\.innerText\b|\.textContent\b|\.data\b")
_SENDS_UNSEEN: Final = re.compile(r"sendBeacon|new Image\b|new WebSocket|createElement\(\s{0,3}[\"']img")
# Code that a foreign host sends is run: what runs it stands behind the request, or around it.
_RUNS: Final = re.compile(r"\b(?:eval|new Function|Function)\b")
_ASKED_FOR: Final = re.compile(r"fetch\s{0,3}\(|XMLHttpRequest|new WebSocket")
MAX_RUNS: Final = 50  # of one script
REMOTE_BEFORE: Final = 600  # characters
REMOTE_BEHIND: Final = 200
_IMPORTS: Final = re.compile(r"""\b(?:import|importScripts)\s{0,3}\(\s{0,3}["'`](?:https?:)?//([\w.\-]{4,200})""")
_PHRASE: Final = re.compile(
    r"(?:12|24|twelve|twenty-four)[ -]?words?\b[^<>\"'\n]{0,24}(?:recovery|seed|secret|backup|phrase)|"
    r"(?:enter|import|type|paste|verify)[^<>\"'\n]{0,24}"
    r"(?:seed|recovery|secret|backup|mnemonic)[ -](?:phrase|words?)|"
    r"(?:输入|导入|填写|验证)[^<>\"'\n]{0,10}(?:助记词|私钥)|輸入[^<>\"'\n]{0,10}助記詞",
    re.IGNORECASE,
)
_MINES: Final = re.compile(
    r"coin-?hive|coinimp|crypto-?loot|webminepool|deepminer|cryptonight|stratum\+tcp", re.IGNORECASE
)
_DRAWS: Final = re.compile(r"\binnerHTML\s{0,3}=|\bappendChild\s{0,3}\(|insertAdjacentHTML")
BEFORE: Final = 60  # characters, in which is said that one is not to do so
_NOT: Final = re.compile(
    r"\b(?:not|never|n't|no need to|without)\b|不要|切勿|请勿|无[需须]|不必|勿|別|不會|不会|禁止|不建议|不需",
    re.IGNORECASE,
)
# On either side of it: who tells of others.
_TELLS: Final = re.compile(
    r"诱导|劝用户|受害|中毒事件|都不是|要求(?:关闭|你)|"
    r"\b(?:victims?|told (?:people|users)|tricks?|asks? (?:users|victims))\b",
    re.IGNORECASE,
)
# What the head of a page says of its address, and where its forms lead.
_HEAD: Final = re.compile(r"<(?:link|meta|base|form)\b[^<>]{0,800}>", re.IGNORECASE)
_STATES: Final = re.compile(r"canonical|alternate|amphtml|og:url|refresh|<base|<form|prefetch|prerender", re.IGNORECASE)
_HOST: Final = re.compile(r"//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})")
MAX_HEAD: Final = 30_000  # characters of the markup
_REFRESH: Final = re.compile(
    r"""\bcontent\s{0,3}=\s{0,3}["']?\s{0,3}(\d{1,3})(?:\.\d{1,3})?\s{0,3}[;,]\s{0,3}(?:url\s{0,3}=)?""", re.IGNORECASE
)
_BETWEEN: Final = re.compile(r"[\W_]")
FULL_PAGE: Final = 400  # characters of a page that is more than a sign to another
AT_ONCE: Final = 5  # seconds
_MOVES: Final = re.compile(
    r"\bmoved\b|redirect|relocat|\bnew (?:home|address|site|website|page|version|url)|"
    r"\bforward(?:ed|ing)\b|no longer (?:maintained|here)|"
    r"transferred|umgezogen|weiterleit|跳转|迁移|搬迁|新(?:网址|域名|地址|网站|官网|版)|转到|前往|自动(?:进入|转)|重定向",
    re.IGNORECASE,
)
_FORM: Final = re.compile(r"<form\b[^<>]{0,800}>", re.IGNORECASE)
_FORM_END: Final = re.compile(r"</?form\b", re.IGNORECASE)
MAX_FORM: Final = 20_000  # characters
_PASSWORD: Final = re.compile(r"""<input\b[^<>]{0,400}?\btype\s{0,3}=\s{0,3}["']?password""", re.IGNORECASE)


def examine_lures(
    page: OwnPage,
    is_known: Callable[[str], bool],
    offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None],
    is_service: Callable[[str], bool] = lambda _: False,
) -> Iterator[TamperMatch]:
    """Yield at most one sign of each kind. `is_known`: whether a host is that of a well-known service, or a partner's;
    `offer_in`: a quote and the words of a trade that a text offers something with; `is_service`: whether a host is that
    of a well-known service.
    """
    asked = PROTECTION_OFF.search(page.text[:MAX_TEXT])
    if asked is not None and _is_asked(page, asked):
        quote = page.text[max(0, asked.start() - MAX_QUOTE // 4) :][:MAX_QUOTE]
        yield TamperMatch(TamperSign.LURE, asked[0][:MAX_QUOTE], quote, (asked[0],))
    own = registrable_domain(host_of(page.url))
    head = page.markup[:MAX_HEAD]
    yield from islice(chain(_stated(head, own), _refreshed(page, head, own, is_known)), 1)
    yield from islice(chain(_outdated(page, own, is_service), _pretended(page, own, is_known, is_service)), 1)
    if not page.marks >= _SCRIPT:
        return
    foreign = [
        match for match in islice(_SRC.finditer(page.markup), MAX_SCRIPTS) if _is_foreign(match[2], own, is_known)
    ]
    scripts = page.scripts()
    yield from islice(_takers(scripts, own, is_known), 1)
    if foreign:
        yield from islice(_windows(foreign[0], scripts, offer_in), 1)


def _is_asked(page: OwnPage, asked: re.Match[str]) -> bool:
    """Whether visitors are asked to switch off their protection for a program that lies elsewhere. Who warns of such
    pages tells of others, and gives no program of theirs.
    """
    before = page.text[max(0, asked.start() - BEFORE) : asked.start()]
    after = page.text[asked.end() : asked.end() + BEFORE]
    if (
        _NOT.search(before)
        or _TELLS.search(f"{before}{asked[0]}{after}")
        or UNTRUSTED.search(page.text[:MAX_TEXT]) is None
        or RESTORED.search(page.text[:MAX_TEXT])
    ):
        return False
    own = registrable_domain(host_of(page.url))
    hosts = (_HOST.search(link) for link in islice(program_links(page.markup), MAX_SCRIPTS))
    return any(host is not None and registrable_domain(host[1].lower()) != own for host in hosts)


def _is_foreign(host: str, own: str, is_known: Callable[[str], bool]) -> bool:
    return registrable_domain(host.lower()) != own and not is_known(host.lower())


def _stated(head: str, own: str) -> Iterator[TamperMatch]:
    """Yield what says that the page belongs to, or leads to, a host that is named after a trade."""
    for match in _HEAD.finditer(head):
        host = _HOST.search(match[0])
        if (
            host is not None
            and _STATES.search(match[0])
            and registrable_domain(host[1].lower()) != own
            and names_trade(host[1])
        ):
            yield TamperMatch(TamperSign.LURE, host[1], match[0][:MAX_QUOTE], (host[1],))


def _refreshed(page: OwnPage, head: str, own: str, is_known: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield what sends visitors of a whole page at once to a foreign host that the page says nothing of: who moves says
    so, names the new address, or leaves nothing but that behind.
    """
    if len(page.text) < FULL_PAGE or not any(word in head for word in ("refresh", "Refresh", "REFRESH")):
        return
    is_moving = _MOVES.search(page.text[:MAX_HEAD]) is not None
    words = _BETWEEN.sub("", f"{page.title}{page.text[:MAX_HEAD]}").lower()
    for match in () if is_moving else _HEAD.finditer(head):
        said = _REFRESH.search(match[0]) if "refresh" in match[0].lower() else None
        host = _HOST.search(match[0], said.end()) if said else None
        if said is None or host is None or int(said[1]) > AT_ONCE or not _is_foreign(host[1], own, is_known):
            continue
        domain = registrable_domain(host[1].lower())
        label = domain.partition(".")[0].replace("-", "")
        if head.count(domain) == 1 and label not in words:
            yield TamperMatch(TamperSign.LURE, host[1], match[0][:MAX_QUOTE], (host[1],))


def _outdated(page: OwnPage, own: str, is_known: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield a pretence that something is out of date, with a script of a foreign host that is to mend it;
    or with any program, in a box that covers the window.
    """
    if not any(ending in page.markup for ending in PROGRAMS):
        return
    said = OUTDATED.search(page.text[:MAX_TEXT]) or OUTDATED.search(page.unseen)
    if said is None:
        return
    is_covered = covers(page.markup)
    for link in islice(program_links(page.markup), MAX_SCRIPTS):
        host = _HOST.search(link)
        if host is None or not _is_foreign(host[1], own, is_known):
            continue
        if is_covered or is_script(link):
            quote = said.string[max(0, said.start() - MAX_QUOTE // 4) :][:MAX_QUOTE]
            yield TamperMatch(TamperSign.LURE, link[:MAX_QUOTE], quote, (said[0], host[1]))


def _pretended(
    page: OwnPage, own: str, is_known: Callable[[str], bool], is_service: Callable[[str], bool]
) -> Iterator[TamperMatch]:
    """Yield a pretence in a box that covers the window: a virus and a number to call, or a prize that lies elsewhere; a
    password that a foreign host is to be given; and a command that lies in the clipboard of who has to prove something.
    """
    text = page.text[:MAX_TEXT]
    said = None
    if covers(page.markup):
        said = scare_in(text) or prize_in(text)
    if said is not None:
        leads = CALLS.search(text) if said.re is SCARES else _foreign_link(page, own, is_service)
        if leads:
            yield _lure_of(text, said)
    said = expiry_in(text) if "password" in page.markup and "form" in page.markup else None
    if said is not None:
        for match in islice(_FORM.finditer(page.markup), MAX_SCRIPTS):
            host = _HOST.search(match[0])
            if host is None or not _is_foreign(host[1], own, is_known):
                continue
            end = _FORM_END.search(page.markup, match.end(), match.end() + MAX_FORM)
            if _PASSWORD.search(page.markup, match.end(), end.start() if end else match.end() + MAX_FORM):
                yield _lure_of(text, said)
    copies = page.marks >= _SCRIPT and ("clipboard" in page.markup or "execCommand" in page.markup)
    said = (HUMAN.search(text) or RUN_DIALOG.search(text)) if copies else None
    if said is not None:
        codes = (put_together(one.text[:MAX_SCRIPT]) for one in islice(page.scripts(), MAX_SCRIPTS))
        if any(CLIPBOARD.search(code) and _is_command(code, own, is_known) for code in codes):
            yield _lure_of(text, said)


def _is_command(code: str, own: str, is_known: Callable[[str], bool]) -> bool:
    """Whether a script has a command that gets something from a foreign host, or does not say from where."""
    hosts = [match[1] for match in islice(_HOST.finditer(code), MAX_SCRIPTS)] if COMMAND.search(code) else [own]
    return not hosts or any(_is_foreign(host, own, is_known) for host in hosts)


def _foreign_link(page: OwnPage, own: str, is_service: Callable[[str], bool]) -> bool:
    return any(_is_foreign(host_of(link.url), own, is_service) for link in islice(page.links(), MAX_SCRIPTS))


def _lure_of(text: str, said: re.Match[str]) -> TamperMatch:
    quote = text[max(0, said.start() - MAX_QUOTE // 4) :][:MAX_QUOTE]
    return TamperMatch(TamperSign.LURE, said[0][:MAX_QUOTE], quote, (said[0],))


def _takers(scripts: Iterable[OwnText], own: str, is_known: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield scripts that hand over what is typed to a foreign host, and such as run what one sends."""
    for script in islice(scripts, MAX_SCRIPTS):
        code = script.text[:MAX_SCRIPT]
        if len(script.text) > MAX_SCRIPT or not (_SENDS.search(code) or "import" in code):
            continue
        plain = undisguise(code) if is_disguised(code) else ""
        said = f"{put_together(code)}\n{plain}"
        hosts = [match[1].lower() for match in islice(_ADDRESS.finditer(f"{said}\n'{plain}"), MAX_SCRIPTS)]
        foreign = [host for host in hosts if _is_foreign(host, own, is_known)]
        imported = [match[1].lower() for match in islice(_IMPORTS.finditer(said), MAX_SCRIPTS)]
        runs = [host for host in imported if _is_foreign(host, own, is_known)] or (
            foreign if foreign and _runs_remote(said) else []
        )
        takes = foreign and _TYPED.search(said) and _SENDS.search(said)
        every = _EVERY_FIELD.search(said) and _VALUES.search(said) and _SENDS_UNSEEN.search(said)
        takes = takes and (_SECRET.search(said) or every)
        if runs or takes:
            host = (runs or foreign)[0]
            at = max(0, said.find(host) - MAX_QUOTE // 2)
            raw = host if host in code else code.strip()[:MAX_QUOTE]
            yield TamperMatch(TamperSign.SCRIPT_TAKES, raw, said[at : at + MAX_QUOTE], (host,), script.dom_path)


def _runs_remote(code: str) -> bool:
    """Whether a script runs what it has asked a host for."""
    for match in islice(_RUNS.finditer(code), MAX_RUNS):
        around = code[match.end() : match.end() + REMOTE_BEHIND].partition(";")[0]
        if _ASKED_FOR.search(code, max(0, match.start() - REMOTE_BEFORE), match.start()):
            return True
        if around.lstrip().startswith("(") and ("fetch" in around or "responseText" in around):
            return True
    return False


def _windows(
    foreign: re.Match[str],
    scripts: Iterable[OwnText],
    offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None],
) -> Iterator[TamperMatch]:
    """Yield scripts, or the foreign script's own attributes, that say what a foreign script shows."""
    for text, path in ((foreign[0], ""), *((one.text, one.dom_path) for one in islice(scripts, MAX_SCRIPTS))):
        if len(text) > MAX_WINDOW:
            continue
        said = put_together(text)
        asked = _PHRASE.search(said) or _MINES.search(said)
        if asked is not None:
            yield TamperMatch(TamperSign.LURE, foreign[1][:MAX_QUOTE], asked[0][:MAX_QUOTE], (asked[0],), path)
        elif text != foreign[0] and _DRAWS.search(said):
            continue  # what it shows it shows itself: `own_written` reads it
        elif (found := offer_in(said)) is not None:
            yield TamperMatch(TamperSign.LURE, foreign[1][:MAX_QUOTE], found[0], found[1], path)
