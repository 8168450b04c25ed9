r"""Strings that a script puts together, as a browser would: what is known without running it.

`"htt" + "ps:/" + "/x"`, `["a", "b"].join(".")`, `"zx".replace(/z/g, "")` and `"moc".split("").reverse().join("")`
become one string each, and a name in brackets is one behind a dot; a name that is given such a string stands for it
where it is added to others, and where a script goes somewhere.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import unquote

from app.engines.html.script_text import decode_base64, unescape_script

MAX_SCRIPT: Final = 65_536  # characters: what somebody has put into a page is short
MAX_NAMES: Final = 100  # of one script
MAX_ROUNDS: Final = 3  # what is put together of parts that are put together
# A few characters can stand for a long text over and over: what comes out of one place, and at how many a name stands.
MAX_MADE: Final = 5_000  # characters
MAX_USES: Final = 200
_LAST: Final = 0xFFFF  # number of a character

_STRING: Final = r"""(?:"[^"\\\n]{0,500}"|'[^'\\\n]{0,500}')"""
_NAME: Final = r"[A-Za-z_$][\w$]{0,40}"
_PROPERTY: Final = re.compile(rf"(?<=[\w$\])])\s{{0,3}}\[\s{{0,3}}(?:\"({_NAME})\"|'({_NAME})')\s{{0,3}}\]")
_LITERAL: Final = re.compile(_STRING)
_SUM: Final = re.compile(rf"{_STRING}(?:\s{{0,9}}\+\s{{0,9}}{_STRING}){{1,200}}")
_JOINED: Final = re.compile(
    rf"\[\s{{0,9}}({_STRING}(?:\s{{0,9}},\s{{0,9}}{_STRING}){{0,200}})\s{{0,9}}\]\s{{0,3}}\.\s{{0,3}}join\(\s{{0,3}}({_STRING})\s{{0,3}}\)"
)
_REVERSED: Final = re.compile(
    rf"({_STRING})\s{{0,3}}\.\s{{0,3}}split\(\s{{0,3}}(?:\"\"|'')\s{{0,3}}\)\s{{0,3}}\.\s{{0,3}}reverse\(\s{{0,3}}\)\s{{0,3}}\.\s{{0,3}}join\(\s{{0,3}}(?:\"\"|'')\s{{0,3}}\)"
)
_REPLACED: Final = re.compile(
    rf"({_STRING})\s{{0,3}}\.\s{{0,3}}replace\(\s{{0,3}}/([^/\\\n.*+?()\[\]{{}}|^$]{{1,20}})/[gi]{{1,2}}\s{{0,3}},\s{{0,3}}({_STRING})\s{{0,3}}\)"
)
_DECODED: Final = re.compile(
    rf"(?:\b(?:window|self|top|globalThis|[A-Za-z_$])\s{{0,3}}\.\s{{0,3}})?\b(atob|unescape|decodeURIComponent|decodeURI)\s{{0,3}}\(\s{{0,3}}({_STRING})\s{{0,3}}\)"
)
# The numbers of characters are read once, whatever follows.
_NUMBER: Final = r"\s{0,3}(?:0[xX][0-9a-fA-F]{1,6}|\d{1,7})\s{0,3}"
_CODES: Final = re.compile(
    rf"\bString\s{{0,3}}\.\s{{0,3}}fromCharCode\s{{0,3}}(?:\(|\.\s{{0,3}}apply\(\s{{0,3}}\w{{1,20}}\s{{0,3}},\s{{0,3}}\[)"
    rf"((?:{_NUMBER},){{3,2000}}+{_NUMBER})\]?\s{{0,3}}\)"
)
_GIVEN: Final = re.compile(rf"(?<![\w$.])({_NAME})\s{{0,3}}=\s{{0,3}}({_STRING})\s{{0,3}}(?=[,;\n}})]|$)")
# A name beside a string that it is added to, or that a script goes to.
_BEFORE: Final = re.compile(rf"(?<![\w$.])({_NAME})(?=\s{{0,3}}\+\s{{0,3}}[\"'])")
_AFTER: Final = re.compile(rf"(?<=[\"']\+)({_NAME})(?![\w$(.\[])|(?<=[\"'] \+ )({_NAME})(?![\w$(.\[])")
_GOES: Final = re.compile(
    rf"(\blocation(?:\s{{0,3}}\.\s{{0,3}}href)?\s{{0,3}}=\s{{0,3}}|\blocation\s{{0,3}}\.\s{{0,3}}(?:replace|assign)\s{{0,3}}\(\s{{0,3}}|"
    rf"\bopen\s{{0,3}}\(\s{{0,3}}|\bsrc\s{{0,3}}=\s{{0,3}})({_NAME})(?![\w$(.\[])"
)


@lru_cache(maxsize=32)  # the pages of a site have the same scripts
def put_together(code: str) -> str:
    """Return the code with its strings put together and their escapes undone; unchanged when there is nothing to do.
    Of a long script only escapes are undone beyond the first `MAX_SCRIPT` characters.
    """
    text = unescape_script(code[:MAX_SCRIPT])
    for _ in range(MAX_ROUNDS):
        before = text
        for pattern, value in _RULES:
            text = pattern.sub(value, text)
        text = _with_names(text)
        if text == before:
            break
    return text + unescape_script(code[MAX_SCRIPT:])


def _with_names(code: str) -> str:
    given: dict[str, str] = {}
    for match in islice(_GIVEN.finditer(code), MAX_NAMES):
        # What is given several values stands for none of them.
        given[match[1]] = "" if match[1] in given else match[2]
    if not any(given.values()):
        return code

    def value(match: re.Match[str]) -> str:
        return given.get(match[1] or match[match.lastindex or 0]) or match[0]

    code = _AFTER.sub(value, _BEFORE.sub(value, code, count=MAX_USES), count=MAX_USES)
    return _GOES.sub(lambda match: f"{match[1]}{given.get(match[2]) or match[2]}", code, count=MAX_USES)


def _quoted(text: str) -> str:
    """Return a string of the script: with the quotation marks that do not stand in it."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def _property(match: re.Match[str]) -> str:
    return f".{match[1] or match[2]}"


def _sum(match: re.Match[str]) -> str:
    return _quoted("".join(part[1:-1] for part in _LITERAL.findall(match[0])))


def _joined(match: re.Match[str]) -> str:
    return _quoted(match[2][1:-1].join(part[1:-1] for part in _LITERAL.findall(match[1]))[:MAX_MADE])


def _reversed(match: re.Match[str]) -> str:
    return _quoted(match[1][-2:0:-1])


def _replaced(match: re.Match[str]) -> str:
    return _quoted(match[1][1:-1].replace(match[2], match[3][1:-1])[:MAX_MADE])


def _decoded(match: re.Match[str]) -> str:
    """Return the string that is decoded; of one that is of several lines or no text the call itself."""
    text = match[2][1:-1]
    said = decode_base64(text) if match[1] == "atob" else unquote(text, errors="replace")
    return _quoted(said) if said and said.isprintable() and not {'"', "'"} <= set(said) else match[0]


def _coded(match: re.Match[str]) -> str:
    """Return the string that numbers of characters make; of one that is no text the call itself."""
    numbers = (int(number, 16 if number.strip()[:2] in ("0x", "0X") else 10) for number in match[1].split(","))
    said = "".join(chr(number) if number <= _LAST else "\0" for number in numbers)
    return _quoted(said) if said.isprintable() and not {'"', "'"} <= set(said) else match[0]


_RULES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (_REVERSED, _reversed),
    (_REPLACED, _replaced),
    (_JOINED, _joined),
    (_SUM, _sum),
    (_DECODED, _decoded),
    (_CODES, _coded),
    (_PROPERTY, _property),
)
