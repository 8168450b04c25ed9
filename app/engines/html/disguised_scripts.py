r"""Decodes obfuscated scripts: one level of the usual encodings, without executing anything.

Disguises: `unescape("%3C...")`, `String.fromCharCode(60, ...)`, `atob("...")` (of percent signs as well), strings of
`\x3c`, strings written backwards, and the packer that begins with `eval(function(p,a,c,k,e,d)`.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, pairwise
from typing import Final
from urllib.parse import unquote

from app.engines.html.marks import marks
from app.engines.html.script_text import decode_base64, unescape_script

MAX_SCRIPT: Final = 262_144  # characters of one script that are looked at
MAX_FOUND: Final = 50  # disguised strings of one script
MAX_DECODED: Final = 200_000  # characters that come out of one script
_MAX_BASE: Final = 62
_PERCENTS: Final = 4  # signs from which on a decoded text is decoded once more

_PERCENT: Final = re.compile(
    r"""\b(?:unescape|decodeURIComponent|decodeURI)\s*\(\s*(?:"([^"\n]{8,})"|'([^'\n]{8,})')"""
)
_UTF16: Final = re.compile(r"%u([0-9a-fA-F]{4})")
_CODE: Final = r"\s*(?:0x[0-9a-fA-F]{1,6}|\d{1,7})\s*"
_CODES: Final = re.compile(rf"\bfromCharCode(?:[\"']\s{{0,3}}\])?\s*\(((?:{_CODE},){{3,}}{_CODE})\)")
_BASE64: Final = re.compile(r"""\batob\s*\(\s*(?:"([A-Za-z0-9+/=_\-\s]{8,})"|'([A-Za-z0-9+/=_\-\s]{8,})')""")
_BASE64_BY_NAME: Final = re.compile(r"\batob\s{0,3}\(\s{0,3}([A-Za-z_$][\w$]{0,40})\s{0,3}\)")
_NAMED: Final = re.compile(
    r"""(?<![\w$])([A-Za-z_$][\w$]{0,40})\s{0,3}=\s{0,3}(?:"([A-Za-z0-9+/=_\-]{24,})"|'([A-Za-z0-9+/=_\-]{24,})')"""
)
# An entry of a list, and the entries that may be meant.
_BASE64_OF_LIST: Final = re.compile(r"\batob\s{0,3}\(\s{0,3}[A-Za-z_$][\w$]{0,40}\s{0,3}\[")
_ENTRY: Final = re.compile(
    r"""(?<=[\[,])\s{0,9}(?:"([A-Za-z0-9+/=_\-]{24,})"|'([A-Za-z0-9+/=_\-]{24,})')(?=\s{0,9}[\],])"""
)
# A list of many short ones, through which a function finds its words; and the alphabet of those whose small letters
# come first.
_BASE64_BY_FUNCTION: Final = re.compile(r"\batob\s{0,3}\(\s{0,3}[A-Za-z_$][\w$]{0,40}\(\)\s{0,3}\[")
_SMALL_FIRST: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PIECES: Final = re.compile(
    r"""\[\s{0,9}((?:["'][A-Za-z0-9+/=]{3,200}["']\s{0,9},\s{0,9}){4,300}["'][A-Za-z0-9+/=]{3,200}["'])\s{0,9}\]"""
)
_PIECE: Final = re.compile(r"[A-Za-z0-9+/=]{3,200}")
# Lists of characters' numbers, or of bytes, that a script makes a text of.
_CODE_LIST: Final = re.compile(rf"\[((?:{_CODE},){{11,}}{_CODE})\]")
_MAX_BYTE: Final = 255
_BACKWARDS: Final = re.compile(r"""(?:"(={0,2}[A-Za-z0-9+/_\-]{24,})"|'(={0,2}[A-Za-z0-9+/_\-]{24,})')""")
_REVERSED: Final = re.compile(
    r"""(?:"([^"\n]{8,2000})"|'([^'\n]{8,2000})')\s{0,3}\.\s{0,3}split\(\s{0,3}(?:""|'')\s{0,3}\)\s{0,3}\.\s{0,3}reverse\("""
)
_REVERSES: Final = ".reverse("
# What turns any text around; and an address that stands backwards in a string.
_TURNS: Final = re.compile(
    r"""(?:split\(\s{0,3}(?:""|'')\s{0,3}\)|\[\s{0,3}\.\.\.\s{0,3}[\w$]{1,40}\s{0,3}\])\s{0,3}\.\s{0,3}reverse\("""
)
_STRING: Final = re.compile(r""""([^"\\\n]{6,1000})"|'([^'\\\n]{6,1000})'""")
_ADDRESS_BACKWARDS: Final = re.compile(r"//:s?ptth|[a-z]{2}\.[\w-]{2,40}//[\"']")
_HEX: Final = re.compile(
    r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}){4,}(?: (?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}){2,}){0,40}"
)
_PACKED: Final = re.compile(
    r"""\}\s*\(\s*'((?:[^'\\]++|\\.)*+)'\s*,\s*(\d{1,3})\s*,\s*(\d{1,6})\s*,\s*'((?:[^'\\]++|\\.)*+)'\s*\.\s*split\(\s*'\|'\s*\)"""
)
_PACKER: Final = "function(p,a,c,k,e,"
_WORD: Final = re.compile(r"\b\w+\b")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DECODER: Final = "TextDecoder"
_MARKS: Final = ("unescape", "decodeURI", "fromCharCode", _DECODER, "atob", "\\x", "\\u00", _REVERSES, _PACKER)
DISGUISES: Final = marks(*map(str.encode, _MARKS))


def is_disguised(code: str) -> bool:
    """Tell quickly whether `undisguise` may find something."""
    for mark in _MARKS:  # noqa: SIM110 - a generator costs as much as what it asks
        if mark in code:
            return True
    return False


def undisguise(code: str) -> str:
    """Return what the disguised strings of a script say, a line each; "" when there are none."""
    found: list[str] = []
    length = 0
    for text in _disguised(code[:MAX_SCRIPT]):
        found.append(text[: MAX_DECODED - length])
        length += len(found[-1])
        if length >= MAX_DECODED:
            break
    return "\n".join(filter(None, found))


def _disguised(code: str) -> Iterator[str]:
    for match in islice(_PERCENT.finditer(code), MAX_FOUND):
        yield unquote(_UTF16.sub(lambda unit: chr(int(unit[1], 16)), match[1] or match[2]), errors="replace")
    for match in islice(_CODES.finditer(code), MAX_FOUND):
        yield "".join(_character(number) for number in match[1].split(","))
    for match in islice(_BASE64.finditer(code), MAX_FOUND):
        yield _decoded(match[1] or match[2])
    if (names := _BASE64_BY_NAME.findall(code)[:MAX_FOUND]) and (named := _named(code)):
        yield from (_decoded(named[name]) for name in dict.fromkeys(names) if name in named)
    if _BASE64_OF_LIST.search(code):
        yield from (_decoded(match[1] or match[2]) for match in islice(_ENTRY.finditer(code), MAX_FOUND))
    if _BASE64_BY_FUNCTION.search(code) or _SMALL_FIRST in code:
        for match in islice(_PIECES.finditer(code), MAX_FOUND):
            yield from _pieced(match[1].swapcase() if _SMALL_FIRST in code else match[1])
    if "fromCharCode" in code or _DECODER in code:
        yield from (_text_of(match[1].split(",")) for match in islice(_CODE_LIST.finditer(code), MAX_FOUND))
    if _REVERSES in code and "atob" in code:
        yield from (_decoded((match[1] or match[2])[::-1]) for match in islice(_BACKWARDS.finditer(code), MAX_FOUND))
    if _REVERSES in code:
        yield from ((match[1] or match[2])[::-1] for match in islice(_REVERSED.finditer(code), MAX_FOUND))
    if _REVERSES in code and _TURNS.search(code) and _ADDRESS_BACKWARDS.search(code):
        yield from ((match[1] or match[2])[::-1] for match in islice(_STRING.finditer(code), MAX_FOUND))
    for match in islice(_HEX.finditer(code), MAX_FOUND):
        yield unescape_script(match[0])
    if _PACKER in code:
        for match in islice(_PACKED.finditer(code), MAX_FOUND):
            yield _unpack(match[1], int(match[2]), match[4])


def _named(code: str) -> dict[str, str]:
    """What names stand for that are given a long string of base64."""
    return {match[1]: match[2] or match[3] for match in islice(_NAMED.finditer(code), MAX_FOUND)}


def _decoded(text: str) -> str:
    decoded = decode_base64(text)
    return unquote(decoded, errors="replace") if decoded.count("%") >= _PERCENTS else decoded


def _pieced(entries: str) -> Iterator[str]:
    """Yield what the entries of a list say. An address may stand in two of them."""
    for one, other in pairwise((*_PIECE.findall(entries), "")):
        said = _decoded(one)
        longer = said + _decoded(other) if one.endswith("=") else _decoded(one + other)
        is_whole = "//" not in said or len(one) % 4 == 0
        if is_whole and said.isprintable():
            yield said
        if "//" in said and other and longer.isprintable():
            yield longer


def _code(number: str) -> int:
    plain = number.strip()
    return int(plain, 16) if plain[:2] in ("0x", "0X") else int(plain)


def _character(number: str) -> str:
    code = _code(number)
    is_character = code <= 0x10FFFF and not 0xD800 <= code < 0xE000  # noqa: PLR2004 - Unicode without surrogates
    return chr(code) if is_character else ""


def _text_of(numbers: list[str]) -> str:
    """Return the text of a list of bytes, when it is one, or else of characters' numbers."""
    codes = list(map(_code, numbers))
    if max(codes) <= _MAX_BYTE:
        with suppress(UnicodeDecodeError):
            return bytes(codes).decode()
    return "".join(map(_character, numbers))


def _unpack(payload: str, base: int, words: str) -> str:
    """Put the words back in: in the payload each stands as its number to the base. A long word can stand there any
    number of times: beyond `MAX_DECODED` characters of words none is put in.
    """
    if not 2 <= base <= _MAX_BASE:  # noqa: PLR2004 - a base
        return ""
    known = words.split("|")
    room = MAX_DECODED

    def word(match: re.Match[str]) -> str:
        nonlocal room
        index = _number(match[0], base)
        said = known[index] if index is not None and index < len(known) and known[index] else match[0]
        room -= len(said)
        return said if room >= 0 else ""

    return unescape_script(_WORD.sub(word, payload.replace("\\'", "'").replace("\\\\", "\\")))


def _number(text: str, base: int) -> int | None:
    if len(text) > 4:  # noqa: PLR2004 - a dictionary of millions of words
        return None
    value = 0
    for digit in text:
        place = _DIGITS.find(digit)
        if not 0 <= place < base:
            return None
        value = value * base + place
    return value
