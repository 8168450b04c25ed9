"""Scripts that put other wallets and telephone numbers in the place of those that the site gives.

The site's own scripts know its numbers, and show them in plain sight. Who swaps them looks for what has the form of a
wallet, or hides the number that he puts there.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.disguised_scripts import DISGUISES, is_disguised
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage
from app.engines.html.script_strings import put_together

MAX_SCRIPT: Final = 20_000  # characters: what somebody has put into a page is short
MAX_SCRIPTS: Final = 60
MAX_FOUND: Final = 50  # in one script

_MARKS: Final = marks(b"clipboard", b"oncopy", b"'copy'", b'"copy"', b"treewalker", b"nodevalue", b"textcontent")
_CALLS: Final = marks(b"tel:", b'^="tel', b"^='tel", b"^=tel")
_WALLET: Final = re.compile(
    r"""["'`]((?:bc1|ltc1)[a-zA-Z0-9]{20,87}|0x[0-9a-zA-Z]{30,64}|[13T][1-9A-HJ-NP-Za-km-z]{25,34})["'`]"""
)
# What wallets look like, as a rule of a script: `/\bbc1[a-z0-9]{25,39}\b/`, `/0x[a-fA-F0-9]{40}/`.
_LOOKS_FOR: Final = re.compile(r"(?:bc1q?|0x|\[13\]|\[13T\]|\bT|\))\)?\[[\w\-^]{2,40}\]\{\d{2}")
_RULE: Final = r"/((?:[^/\\\n]|\\.){1,160}+)/[gimuy]{0,4}"
_RULE_NAMED: Final = re.compile(rf"(?<![\w$.])([A-Za-z_$][\w$]{{0,40}})\s{{0,3}}=\s{{0,3}}{_RULE}")
# Something is put in the place of all that looks so: a name or a wallet, not a part of what was found.
_REPLACES: Final = re.compile(
    rf"\.\s{{0,3}}replace(?:All)?\s{{0,3}}\(\s{{0,3}}(?:{_RULE}|([A-Za-z_$][\w$]{{0,40}}))\s{{0,3}},\s{{0,3}}"
    r"(?:[\"'`](?:bc1|ltc1|0x|[13T])[^\"'`$]|[A-Za-z_$][\w$.]{0,40}\s{0,3}\))"
)
_PUTS: Final = re.compile(
    r"\bclipboard|createTreeWalker|\bnodeValue\b|\btextContent\b|\binnerText\b|\binnerHTML\b|\.\s{0,3}data\s{0,3}=|\.value\s{0,3}="
)
_AT_COPYING: Final = re.compile(r"""addEventListener\s{0,3}\(\s{0,3}["'`]copy["'`]|\boncopy\s{0,3}=""")
_SETS: Final = re.compile(r"\bsetData\s{0,3}\(")
_NUMBER: Final = re.compile(r"""["'`](\+?\d[\d ()\-]{5,16}\d)["'`]""")
_DIGITS: Final = re.compile(r"\d")
_CALL: Final = re.compile(r"\btel:|href\s{0,3}[\^*]=\s{0,3}\\?[\"']?tel")
_ALL_OF_THEM: Final = re.compile(r"querySelectorAll|getElementsBy|document\s{0,3}\.\s{0,3}links|\$\(\s{0,3}[\"']")
MIN_DIGITS: Final = 7
MAX_DIGITS: Final = 13  # of a number of a country and its code; more are a time in milliseconds, or an id


def examine_swaps(page: OwnPage) -> Iterator[TamperMatch]:
    """Yield at most one sign."""
    has_wallets = not page.marks.isdisjoint(_MARKS)
    has_calls = not page.marks.isdisjoint(_CALLS) and not page.marks.isdisjoint(DISGUISES)
    if not has_wallets and not has_calls:
        return
    for script in islice(page.scripts(), MAX_SCRIPTS):
        code = script.text
        if len(code) > MAX_SCRIPT:
            continue
        found = _wallet(code, page.text) if has_wallets else ""
        if not found and has_calls and is_disguised(code):
            found = _number(code, page.text)
        if found:
            raw = found if found in code else code.strip()
            said = put_together(code)
            at = max(0, said.find(found) - MAX_QUOTE // 2)
            yield TamperMatch(
                TamperSign.SCRIPT_SWAPS, raw[:MAX_QUOTE], said[at : at + MAX_QUOTE], (found,), script.dom_path
            )
            return


def _wallet(code: str, text: str) -> str:
    """Return the wallet that a script puts in the place of others, or in the clipboard at each copying, or ""."""
    shown = (match[1] for match in islice(_WALLET.finditer(code), MAX_FOUND))
    wallet = next((one for one in shown if one not in text and any(map(str.isdigit, one))), "")
    if not wallet:
        return ""
    is_swapped = _PUTS.search(code) is not None and _replaces_wallets(code)
    return wallet if is_swapped or (_AT_COPYING.search(code) and _SETS.search(code)) else ""


def _replaces_wallets(code: str) -> bool:
    named = {match[1] for match in islice(_RULE_NAMED.finditer(code), MAX_FOUND) if _LOOKS_FOR.search(match[2])}
    return any(
        match[2] in named or (match[1] is not None and _LOOKS_FOR.search(match[1]) is not None)
        for match in islice(_REPLACES.finditer(code), MAX_FOUND)
    )


def _number(code: str, text: str) -> str:
    """Return the hidden number that a script puts in the place of all telephone numbers; "" without one."""
    said = put_together(code)
    if _CALL.search(said) is None or _ALL_OF_THEM.search(said) is None:
        return ""
    for match in islice(_NUMBER.finditer(said), MAX_FOUND):
        is_number = MIN_DIGITS <= len(_DIGITS.findall(match[1])) <= MAX_DIGITS
        if is_number and match[1] not in code and match[1] not in text:
            return match[1]
    return ""
