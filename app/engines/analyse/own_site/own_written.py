"""What scripts of the site's own pages write in plain sight: links to foreign hosts with the words of a trade.

Only a script that writes links into the page counts, and only when it names a foreign host that is no well-known
service's: the state of an application, with its news and products, is no such script.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import is_written
from app.engines.analyse.own_site.own_pretences import CLIPBOARD, COMMAND, HUMAN, OUTDATED, PASTES, RUN_DIALOG
from app.engines.analyse.own_site.own_scripts import MAX_READ
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.disguised_scripts import is_disguised, undisguise
from app.engines.html.marks import Marks, marks
from app.engines.html.own_page import OwnText
from app.engines.html.script_strings import put_together
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SCRIPT: Final = 65_536  # characters; what somebody has put into a page is short
MAX_SCRIPTS: Final = 50
MAX_ADDRESSES: Final = 20  # of one script
MAX_COVERT: Final = 8_000  # characters of a script that writes covertly

_SOME: Final = re.compile(r"\bgetHours\b|\bMath\s*\.\s*random\b|\breferrer\b|\btimeZone\b|getTimezoneOffset|webdriver")

_MARKS: Final = marks(
    b"document.write",
    b"['write']",
    b'["write"]',
    b"insertadjacenthtml",
    b"innerhtml",
    b"createelement",
    b"document.title",
    b".prepend(",
    b".append(",
    b".replacewith(",
    b".html(",
)
_WRITING: Final = re.compile(
    r"\bdocument\s{0,3}(?:\.|\[\s{0,3}[\"'])\s{0,3}write|insertAdjacentHTML|innerHTML|createElement|document\s{0,3}\.\s{0,3}title\s{0,3}=(?!=)|"
    # jQuery, when it is given markup
    r"\.(?:prepend|append|replaceWith|html|before|after)\(\s{0,3}[\"'`]\s{0,3}<"
)
_RETITLES: Final = re.compile(r"\bdocument\s{0,3}\.\s{0,3}title\s{0,3}=(?!=)")
_LINK: Final = re.compile(r"<(?:a|scr|script|iframe)\b|createElement\(\s{0,3}[\"']a[\"']", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?:|(?<=[\"'=]))//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})")

# What makes visitors run something: a program of a foreign host, or a command that a script has put into the clipboard.
_RUNS: Final = re.compile(rf"\.(?:exe|msi|apk|dmg|hta|scr|bat|xapk)\b|{COMMAND.pattern}", re.IGNORECASE)
# A program or an archive behind a link that a script writes.
_GIVES: Final = re.compile(
    r"""\bhref\s{0,3}=\s{0,3}\\?["']?(https?://[^"'\s<>\\]{4,300}+)""",
    re.IGNORECASE,
)
_IS_PROGRAM: Final = re.compile(
    r"\.(?:exe|msi|apk|dmg|hta|scr|bat|iso|img|zip|rar|7z|lnk|vbs|js)(?:[?#]|$)", re.IGNORECASE
)
_MAIL: Final = re.compile(r"(?<=[\w.+-])@((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62})")
_TAG: Final = re.compile(r"<[^<>]{0,600}>")
# A program, or an address of a script, an archive or a disk image that visitors are led to.
_PROGRAM: Final = re.compile(
    r"\.(?:exe|msi|apk|dmg|hta|scr|bat|xapk)\b|"
    r"(?:href|location(?:\s{0,3}\.\s{0,3}href)?)\s{0,3}=\s{0,3}\\?[\"']?https?://[^\"'\s<>]{4,300}\.(?:js|jse|vbs|wsf|cmd|ps1|lnk|iso|img|zip|rar|7z)"
    r"(?=[\"'?#\\])",
    re.IGNORECASE,
)


def writes(found: Marks) -> bool:
    """Tell quickly whether a script of the page may write. `found`: marks that stand in the markup."""
    return not found.isdisjoint(_MARKS)


def examine_written(
    scripts: Iterable[OwnText],
    page_url: str,
    is_known: Callable[[str], bool],
    offer_in: Callable[[str], tuple[str, tuple[str, ...]] | None],
) -> Iterator[TamperMatch]:
    """Yield at most one sign. `offer_in`: a quote and the words of a trade that a text offers something with."""
    own = registrable_domain(host_of(page_url))
    read = 0
    for script in islice(scripts, MAX_SCRIPTS):
        if read > MAX_READ:
            return
        code = script.text[:MAX_SCRIPT]
        if _WRITING.search(code) is None:
            continue
        plain = undisguise(code) if is_disguised(code) else ""
        read += len(code) + len(plain) if plain else 0
        is_running = _RUNS.search(code) or _RUNS.search(plain) or (OUTDATED.search(code) and _PROGRAM.search(code))
        is_linking = _LINK.search(code) or _LINK.search(plain)
        # Who writes what nobody can read, or to some visitors only, has no need of a link: a handle is enough.
        is_covert = len(code) <= MAX_COVERT and (is_disguised(code) or _SOME.search(code) or _RETITLES.search(code))
        if not is_running and not is_linking and not is_covert:
            continue
        said = put_together(code)
        read += len(code) + len(said)
        if is_running and (lure := _lure(code, f"{said}\n{plain}", script, own, is_known)) is not None:
            yield lure
            return
        if is_covert and (hidden := _hidden_program(said, script, own, is_known)) is not None:
            yield hidden
            return
        if not is_linking and not is_covert:
            continue
        said = f"{said}\n{plain}"
        leads_to = tuple(_foreign(said, own, is_known))
        is_covert = is_covert and not _shows_address(said, own)
        found = offer_in(said) if leads_to or is_covert else None
        if found is not None:
            quote, terms = found
            yield TamperMatch(
                TamperSign.SCRIPT_WRITES,
                leads_to[0][:MAX_QUOTE] if leads_to and leads_to[0] in code else code.strip()[:MAX_QUOTE],
                quote,
                terms,
                dom_path=script.dom_path,
                leads_to=leads_to,
            )
            return


def _hidden_program(said: str, script: OwnText, own: str, is_known: Callable[[str], bool]) -> TamperMatch | None:
    """A program or an archive of a foreign host whose name cannot be read in the script: who offers it in honesty says
    whose it is, in whichever language.
    """
    for match in islice(_GIVES.finditer(said), MAX_ADDRESSES):
        host = host_of(match[1])
        is_foreign = host and registrable_domain(host) != own and not is_known(host)
        if is_foreign and _IS_PROGRAM.search(match[1]) and not is_written(match[1], script.text):
            quote = said[max(0, match.start() - MAX_QUOTE // 2) :][:MAX_QUOTE]
            raw = script.text.strip()[:MAX_QUOTE]
            return TamperMatch(
                TamperSign.SCRIPT_WRITES, raw, quote, (host,), dom_path=script.dom_path, leads_to=(match[1],)
            )
    return None


def _shows_address(said: str, own: str) -> bool:
    """Whether a script shows an e-mail address of the site, which many hide from those who collect addresses."""
    hosts = (match[1].lower() for match in islice(_MAIL.finditer(said), MAX_ADDRESSES))
    return any(registrable_domain(host) == own for host in hosts)


def _lure(code: str, said: str, script: OwnText, own: str, is_known: Callable[[str], bool]) -> TamperMatch | None:
    """A pretence that visitors have to prove or update something, with what they are then made to run. A command that a
    script has put into the clipboard may name its host in any way, or none.

    `said`: the code with its strings put together, and what it disguises.
    """
    pretence = HUMAN.search(said) if CLIPBOARD.search(said) else None
    told = _TAG.sub(" ", said) if pretence and COMMAND.search(said) else ""
    is_pasted = PASTES.search(told) is not None or RUN_DIALOG.search(told) is not None
    if pretence is None and _PROGRAM.search(said):
        pretence = OUTDATED.search(said)
    leads_to = tuple(_foreign(said, own, is_known)) if pretence else ()
    if pretence is None or not (leads_to or is_pasted):
        return None
    quote = said[max(0, pretence.start() - MAX_QUOTE // 2) :][:MAX_QUOTE]
    raw = leads_to[0] if leads_to and leads_to[0] in code else code.strip()
    return TamperMatch(
        TamperSign.SCRIPT_WRITES, raw[:MAX_QUOTE], quote, (pretence[0],), dom_path=script.dom_path, leads_to=leads_to
    )


def _foreign(code: str, own: str, is_known: Callable[[str], bool]) -> Iterator[str]:
    for match in islice(_ADDRESS.finditer(code), MAX_ADDRESSES):
        host = match[1].lower()
        if registrable_domain(host) != own and not is_known(host):
            yield match[0] if match[0].startswith("http") else f"https:{match[0]}"
