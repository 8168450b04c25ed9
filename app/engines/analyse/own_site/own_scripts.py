"""Scripts that an attacker has added to the site's own pages: the markup they write, and the redirects they make."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import is_written, names_trade
from app.engines.analyse.own_site.own_clicks import is_for_any_click
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.disguised_scripts import DISGUISES, is_disguised, undisguise
from app.engines.html.marks import Marks, marks
from app.engines.html.own_page import OwnText
from app.engines.html.script_strings import put_together
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_ADDRESSES: Final = 20  # of one script
MAX_SCRIPT: Final = 262_144  # characters
# Characters of all scripts of a page that something was made of, with what was made: a second of work. Scripts that
# only say that there is nothing to do count for nothing, or padding would hide what stands behind it.
MAX_READ: Final = 2_000_000
NEAR: Final = 2_000  # characters between what is asked for and where it leads

_WRITES: Final = re.compile(
    r"<\s*(?:script|iframe|frame|a|meta)\b|\bdocument\b.{0,40}\b(?:write|createElement|location)|\blocation\b",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS: Final = re.compile(
    r"""(?:https?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})(?::\d{1,5})?(?:/[^\s"'<>\\)]{0,500})?"""
)
_REFERRER: Final = re.compile(r"\breferrer\b")
_AGENT: Final = re.compile(r"\buserAgent\b")
_ENGINES: Final = re.compile(
    r"baidu|google|sogou|\bso\.com|haosou|360|bing|yahoo|shenma|\bsm\.cn|toutiao|soso|youdao|yisou", re.IGNORECASE
)
_ROBOTS: Final = re.compile(r"spider|crawl|googlebot|bingbot|slurp|\bbot\b", re.IGNORECASE)
_GOES: Final = re.compile(
    r"""(?:location(?:\s*\.\s*href)?\s*=|location\s*\.\s*(?:replace|assign)\s*\(|(?:window|self|top)\s*\.\s*open\s*\()\s*["'`]\s*((?:https?:)?//[^"'`\s]{4,500})"""
)
# Goes where a name or an entry of a list leads, below a question about search engines.
_GOES_BY_REFERENCE: Final = re.compile(
    r"\blocation(?:\s{0,3}\.\s{0,3}href)?\s{0,3}=\s{0,3}[A-Za-z_$][\w$]{0,40}(?:\s{0,3}\[[^\]\n;]{1,80}\])?\s{0,3}[;}\n+]|"
    r"\blocation\s{0,3}\.\s{0,3}(?:replace|assign)\s{0,3}\(\s{0,3}[A-Za-z_$][\w$]{0,40}(?:\s{0,3}\[[^\]\n;]{1,80}\])?\s{0,3}[)+]"
)
# An address that is put together, below a name of `location` that is put together as well.
_COMPUTED: Final = re.compile(r"\blocation\s*\[")
# Where it goes comes out of a function, to which the names of the search engines were hidden as well.
_GOES_BY_CALL: Final = re.compile(
    r"\blocation\s{0,3}(?:(?:\.\s{0,3}href\s{0,3})?=(?!=)|\.\s{0,3}(?:replace|assign)\s{0,3}\()\s{0,3}[A-Za-z_$][\w$]{0,40}\("
)
# Of a disguised script: that it puts another one into the page.
_SCRIPT_WORD: Final = re.compile(r"^script$", re.MULTILINE)
_WRITING: Final = re.compile(
    r"\bdocument\s*(?:\.|\[\s*[\"'])\s*write|insertAdjacentHTML|innerHTML|createElement|getScript"
)
_LOCATION: Final = marks(b"location")
_ODD: Final = ("referrer", "userAgent")
# By what an intruder chooses whom he sends away, so that the owner sees nothing of it.
_PHONES: Final = re.compile(r"android|iphone|mobile|ipod", re.IGNORECASE)
_ONCE: Final = re.compile(r"document\s*\.\s*cookie|localStorage|sessionStorage")
_USUAL: Final = re.compile(
    r"\buserAgent\b|\bdocument\s*\.\s*cookie|localStorage|sessionStorage|\breferrer\b|\bonclick\s*=|"
    r"addEventListener\s*\(\s*[\"'`](?:click|touchstart|mousedown)"
)
_FURTIVE: Final = (
    re.compile(r"\bgetHours\b"),
    re.compile(r"\bMath\s*\.\s*random\b"),
    re.compile(r"\bwebdriver\b|devtools"),
    re.compile(r"\btimeZone\b|getTimezoneOffset"),
    re.compile(r"\bpopstate\b|onpopstate"),  # who goes back
)
# Who goes back, or is asked for notices.
_BACK: Final = re.compile(r"\bpushState\b")
_GOES_BACK: Final = re.compile(r"\bpopstate\b|onpopstate")
_ASKS_FOR_NOTICES: Final = re.compile(r"\bNotification\s{0,3}\.\s{0,3}requestPermission\b")
# What puts a script or a frame into the page, with its address.
_LOADS: Final = re.compile(
    r"""(?:<\s{0,3}(?:s["'+ ]{0,5}c["'+ ]{0,5}r["'+ ]{0,5}i["'+ ]{0,5}p["'+ ]{0,5}t|iframe)"""
    r"""\b[^<>]{0,300}?\bsrc\s{0,3}=\s{0,3}\\?["']?|"""
    r"""\.\s{0,3}src\s{0,3}=\s{0,3}["']|(?:setAttribute\(\s{0,3}["']src["']\s{0,3},|getScript\()\s{0,3}["'])"""
    r"""((?:https?:)?//[^"'`\s\\<>]{4,300})""",
    re.IGNORECASE,
)
_ENGINES_LISTED: Final = re.compile(
    r"baidu|google|sogou|haosou|360|bing|yahoo|shenma|toutiao|soso|youdao|yisou|duckduckgo|ecosia|yandex", re.IGNORECASE
)
_IF: Final = re.compile(r"\bif\s{0,3}\(([^{}]{1,400})\)\s{0,9}\{")
_ELSE_BACK: Final = re.compile(r"\bif\s{0,3}\(([^{};]{1,400})\)\s{0,9}\{?\s{0,9}return\b")
MAX_CONDITION: Final = 400  # characters
MAX_BEHIND: Final = 200  # characters between a condition without braces and what it decides
_ASKS: Final = re.compile(r"\.(?:test|indexOf|match|includes|search)\b|referrer|^\s{0,3}!?[\w$]{1,20}\s{0,3}$")
_TITLED: Final = re.compile(r"""\b(?:title|alt|aria-label)\s{0,3}=\s{0,3}(?:"([^"<>]{2,200})"|'([^'<>]{2,200})')""")
_TAG: Final = re.compile(r"<[^<>]{0,600}>")
MAX_READABLE: Final = 800  # characters
CLOSE: Final = 800  # characters between such a choice and where it leads
_LEADING: Final = ("location", "open", "write", "createElement", ".src")
_CHOOSING: Final = (
    "webdriver",
    "getHours",
    "timeZone",
    "getTimezoneOffset",
    "popstate",
    "Math.random",
    "requestPermission",
)
_OPENING: Final = ("document.addEventListener", "document.on", "document.body.", "window.addEventListener", "window.on")


@lru_cache(maxsize=1)  # asked for the signs of a page, and for whether it is compared
def looks_odd(markup: str, found: Marks) -> bool:
    """Tell quickly whether a script of the page may be worth a look. `found`: marks that stand in the markup."""
    if not found.isdisjoint(DISGUISES) and is_disguised(markup):
        return True
    return found >= _LOCATION and "location" in markup and any(word in markup for word in _ODD)


def may_send_away(markup: str, found: Marks) -> bool:
    """Tell quickly whether a script of the page may send some visitors elsewhere, or write what nobody can read."""
    if looks_odd(markup, found):
        return True
    if "document.referrer" in markup or "t.referrer" in markup or ".userAgent" in markup:
        return True
    if "open(" in markup and any(word in markup for word in _OPENING):
        return True
    return found >= _LOCATION and any(word in markup for word in (*_CHOOSING, *_OPENING))


def examine_scripts(
    scripts: Iterable[OwnText],
    page_url: str,
    is_known: Callable[[str], bool],
    is_named: Callable[[str], bool] = lambda _: False,
    is_harmless: Callable[[str], bool] = lambda _: False,
) -> Iterator[TamperMatch]:
    """Yield at most one sign of each kind.

    Args:
        scripts: code of the page that runs.
        page_url: address of the page.
        is_known: whether a host is that of a well-known service.
        is_named: whether the page names a host in the open.
        is_harmless: whether what a script writes says that it is nothing of a forbidden trade.
    """
    own = registrable_domain(host_of(page_url))

    def is_partner(host: str) -> bool:
        return is_known(host) or is_named(host)

    written: TamperMatch | None = None
    redirecting: TamperMatch | None = None
    read = 0
    for script in scripts:
        code = script.text[:MAX_SCRIPT]
        plain = undisguise(code) if is_disguised(code) else ""
        read += len(code) + len(plain) if plain else 0
        if written is None and plain:
            written = _written(code, plain, script, own, is_partner, is_harmless)
        if redirecting is None and (plain or _may_choose(code)):
            said = put_together(code)
            read += len(code) + len(said)
            redirecting = _redirecting(f"{said}\n{plain}", script, own, is_known, is_named)
            redirecting = redirecting or _computed(code, said, plain, script, own, is_partner)
            redirecting = redirecting or _by_reference(said, script, own, is_partner)
            written = written or _loading(said, script, own, is_partner)
        if read > MAX_READ:
            break
    yield from (found for found in (written, redirecting) if found is not None)


def _may_choose(code: str) -> bool:
    """Tell quickly whether a script may send some visitors elsewhere."""
    return any(word in code for word in _LEADING) and any(word in code for word in (*_ODD, *_CHOOSING, *_OPENING))


def _is_chosen(before: str, address: str) -> bool:
    """Whether visitors are chosen in two ways, of which one is furtive: phones once a day, others at night. One way is
    enough for an address that is named after a trade.
    """
    if _AGENT.search(before) and _PHONES.search(before) and _ONCE.search(before):
        return True
    close = before[-CLOSE:]
    if is_for_any_click(close):
        return True
    if _GOES_BACK.search(close) and _BACK.search(before):
        return True
    if _ASKS_FOR_NOTICES.search(close):
        return True
    if names_trade(address) and (_USUAL.search(close) or any(choice.search(close) for choice in _FURTIVE)):
        return True
    furtive = sum(choice.search(close) is not None for choice in _FURTIVE)
    return furtive > 1 or (furtive > 0 and _USUAL.search(close) is not None)


def _written(
    code: str,
    plain: str,
    script: OwnText,
    own: str,
    is_known: Callable[[str], bool],
    is_harmless: Callable[[str], bool],
) -> TamperMatch | None:
    """Statistics services escape what they write as well; but only who has something to hide hides the host."""
    is_backwards = ".reverse(" in code and _WRITING.search(code)
    is_loading = _SCRIPT_WORD.search(plain) is not None and ("createElement" in code or "createElement" in plain)
    if _WRITES.search(plain) is None and not is_backwards and not is_loading:
        return None
    hosts = ((address, host_of(address)) for address in _foreign(plain, own))
    foreign = [address for address, host in hosts if host not in code and not is_known(host)]
    is_excused = not is_loading and not any(map(names_trade, foreign)) and is_harmless(_read_in(plain))
    if not foreign or is_excused:
        return None
    at = max(0, plain.find(foreign[0]) - MAX_QUOTE // 2)
    return TamperMatch(
        TamperSign.SCRIPT_WRITES,
        script.text.strip()[:MAX_QUOTE],
        plain[at : at + MAX_QUOTE],
        dom_path=script.dom_path,
        leads_to=tuple(dict.fromkeys(foreign)),
    )


def _read_in(markup: str) -> str:
    """Return what people read of markup: its texts and the titles of what it embeds."""
    titles = " | ".join(match[1] or match[2] for match in islice(_TITLED.finditer(markup), MAX_ADDRESSES))
    return f"{titles} | {_TAG.sub(' ', markup)}"[:MAX_READABLE]


def _loading(code: str, script: OwnText, own: str, is_known: Callable[[str], bool]) -> TamperMatch | None:
    """A script or frame of a foreign host that only crawlers are given; or visitors from search engines, when the host
    is named after a trade.
    """
    for match in islice(_LOADS.finditer(code), MAX_ADDRESSES):
        address = next(_foreign(f'"{match[1]}', own), None)
        if address is None or is_known(host_of(address)):
            continue
        before = code[max(0, match.start() - CLOSE) : match.start()]
        engines = {engine.lower() for engine in _ENGINES_LISTED.findall(before)}
        from_search = len(engines) > 1 and "referrer" in before and names_trade(address)
        is_for_few = from_search or (_AGENT.search(before) and _ROBOTS.search(before))
        is_put_together = not is_written(address, script.text) and _WRITING.search(code)
        if is_put_together or (is_for_few and _is_conditional(before)):
            start = max(0, match.start() - MAX_QUOTE // 2)
            quote = script.text.strip()[:MAX_QUOTE] if match[0] not in script.text else match[0][:MAX_QUOTE]
            return TamperMatch(
                TamperSign.SCRIPT_WRITES,
                quote,
                code[start : start + MAX_QUOTE],
                dom_path=script.dom_path,
                leads_to=(address,),
            )
    return None


def _is_conditional(before: str) -> bool:
    """Whether code behind this one only runs if something is so: its braces are open, or others were sent back."""
    back = _ELSE_BACK.search(before)
    if (back is not None and _asks(back[1])) or _asks(_condition_at_end(before)):
        return True
    return any(
        _asks(match[1]) and before.count("{", match.end()) >= before.count("}", match.end())
        for match in islice(_IF.finditer(before), 20)
    )


def _condition_at_end(before: str) -> str:
    """Return the condition of what follows without braces, as in `if (a) b` and `a && b`; "" without one."""
    start = max(before.rfind(sign) for sign in "{};")
    tail = before[start + 1 :] if start >= 0 else before.partition("if")[2]
    end = max(tail.rfind(")"), tail.rfind("&&"))
    return "" if end < 1 or len(tail) - end > MAX_BEHIND else tail[:end][-MAX_CONDITION:]


def _asks(condition: str) -> bool:
    """Whether a condition asks where a visitor comes from, or who he is, and not for the size of his window."""
    return _ASKS.search(condition) is not None


def _foreign(text: str, own: str) -> Iterator[str]:
    for match in islice(_ADDRESS.finditer(text), MAX_ADDRESSES):
        if registrable_domain(match[1].lower()) != own:
            address = match[0]
            yield address if address.startswith("http") else f"https:{address}"


def _computed(
    code: str, said: str, plain: str, script: OwnText, own: str, is_known: Callable[[str], bool]
) -> TamperMatch | None:
    """An address and a `location[...]` that cannot be read, or one by a name below a question about search engines, or
    about phones that come for the first time: nobody writes that in honesty. `said`: the code with its strings put
    together.
    """
    by_call = _ENGINES.search(plain) and _GOES_BY_CALL.search(said) and _REFERRER.search(said)
    goes = [match.start() for match in islice(_GOES_BY_REFERENCE.finditer(code), MAX_ADDRESSES)]
    by_name = (goes and _REFERRER.search(code) and _ENGINES.search(code)) or any(
        _is_chosen(code[max(0, at - NEAR) : at], "") for at in goes
    )
    address = next(_foreign(plain, own), None) if by_name or by_call or _COMPUTED.search(code) else None
    if address is None or host_of(address) in code or is_known(host_of(address)):
        return None
    quoted = plain[max(0, plain.find(address)) :][:MAX_QUOTE]
    return TamperMatch(
        TamperSign.SCRIPT_REDIRECTS,
        script.text.strip()[:MAX_QUOTE],
        quoted,
        dom_path=script.dom_path,
        leads_to=(address,),
    )


def _by_reference(code: str, script: OwnText, own: str, is_known: Callable[[str], bool]) -> TamperMatch | None:
    """The address stands in the script for all to see, though not where the script goes."""
    goes = _GOES_BY_REFERENCE.search(code)
    if goes is None or not _REFERRER.search(code) or not _ENGINES.search(code):
        return None
    address = next(
        (item for item in _foreign(code, own) if not is_known(host_of(item)) and not _ENGINES.search(item)), None
    )
    if address is None:
        return None
    quoted = code[max(0, goes.start() - MAX_QUOTE // 2) :][:MAX_QUOTE]
    return TamperMatch(TamperSign.SCRIPT_REDIRECTS, address, quoted, dom_path=script.dom_path, leads_to=(address,))


def _redirecting(
    code: str, script: OwnText, own: str, is_known: Callable[[str], bool], is_named: Callable[[str], bool]
) -> TamperMatch | None:
    for match in islice(_GOES.finditer(code), MAX_ADDRESSES):
        address = match[1] if match[1].startswith("http") else f"https:{match[1]}"
        if registrable_domain(host_of(address)) == own or is_named(host_of(address)):
            continue
        before = code[max(0, match.start() - NEAR) : match.start()]
        from_search = _REFERRER.search(before) and _ENGINES.search(before)
        is_robot = _AGENT.search(before) and _ROBOTS.search(before)
        is_unknown = not is_known(host_of(address))
        is_disguised_host = is_unknown and not is_written(address, script.text)
        if from_search or is_robot or is_disguised_host or (is_unknown and _is_chosen(before, address)):
            start = max(0, match.start() - MAX_QUOTE // 2)
            return TamperMatch(
                TamperSign.SCRIPT_REDIRECTS,
                match[1] if match[1] in script.text else script.text.strip()[:MAX_QUOTE],
                code[start : start + MAX_QUOTE],
                dom_path=script.dom_path,
                leads_to=(address,),
            )
    return None
