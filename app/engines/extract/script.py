"""URLs in text that is no markup: scripts, JSON, event handlers, data attributes, comments.

Only what is clearly a URL counts: `http(s)://host` anywhere, `//host` at the start of a quoted or bracketed string. The
host needs a dot. Such a URL is merely mentioned; nobody knows whether the code ever uses it.
"""

import base64
import binascii
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Final

# No optional group around what may be empty anyway: that makes the search exponential in the number of labels.
_LABEL: Final = r"[a-zA-Z0-9\u0080-\uffff_][a-zA-Z0-9\u0080-\uffff_\-]{0,62}"
_HOST: Final = rf"(?:{_LABEL}\.){{1,60}}(?:[a-zA-Z\u0080-\uffff][\w\-\u0080-\uffff]{{1,62}}|\d{{1,3}})"
_USER: Final = r"(?:[\w.\-%]{1,100}(?::[^\s\"'`<>@/]{0,100})?@)?"
_END: Final = r"[^\s\"'`<>\\(){}|^\[\];,]*"
_URL: Final = re.compile(
    rf"(?:\bhttps?:[/\\]{{2}}|(?<=[\"'`(=])//){_USER}{_HOST}\.?(?::\d{{1,5}})?(?:[/?#]{_END})?",
    re.IGNORECASE,
)
_ESCAPED: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(/))")
_SURROGATES: Final = range(0xD800, 0xE000)  # no characters: they could not be encoded again
_ATOB: Final = re.compile(r"\batob\s*\(\s*[\"'`]([A-Za-z0-9+/=_\-\s]{8,4096})[\"'`]")
_MAX_URLS: Final = 2_000  # of one text
_MAX_TEXT: Final = 5_242_880  # characters; no page is longer
_MAX_REDIRECT_SCRIPT: Final = 65_536  # characters that are searched for a redirect; those scripts are short
_MAX_LOCATIONS: Final = 20

_LITERAL: Final = r"""(?:atob\s*\(\s*)?(?:"([^"\\\n]{1,2000})"|'([^'\\\n]{1,2000})'|`([^`\\$\n]{1,2000})`)"""
_WINDOW: Final = r"(?<![\w$.])(?:(?:window|document|self|top|parent|this)\s*\.\s*)?"
_LOCATION: Final = re.compile(
    rf"{_WINDOW}location(?:\s*\.\s*href)?\s*=\s*{_LITERAL}(?!\s*[+.?])"
    rf"|{_WINDOW}location\s*\.\s*(?:replace|assign)\s*\(\s*{_LITERAL}\s*\)(?!\s*[+.?])"
)
_OPAQUE: Final = re.compile(r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?""", re.DOTALL)


def find_urls(text: str) -> Iterator[tuple[str, str, int]]:
    r"""URLs that a text mentions: (URL as written but unescaped, "string" or "atob", position in the unescaped text).

    At most 2,000. Escapes `\/`, `\x2f` and `\u002f` are undone, and one level of `atob("...")`.
    """
    plain = unescape(text[:_MAX_TEXT])
    if "//" in plain or ":\\" in plain:
        for match in islice(_URL.finditer(plain), _MAX_URLS):
            yield match[0].rstrip(".!?:*"), "string", match.start()
    if "atob" in plain:
        yield from _find_encoded(plain)


def _find_encoded(plain: str) -> Iterator[tuple[str, str, int]]:
    for match in islice(_ATOB.finditer(plain), _MAX_URLS):
        for found in _URL.finditer('"' + decode_base64(match[1])):
            yield found[0], "atob", match.start()


def unescape(text: str) -> str:
    """The text with JavaScript's and JSON's escapes for characters undone."""
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    if match[4]:
        return "/"
    code = int(match[1] or match[2] or match[3], 16)
    return chr(code) if code <= sys.maxunicode and code not in _SURROGATES else match[0]


def decode_base64(text: str) -> str:
    """What `atob` would give; an empty string when it is not base64."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def find_location(text: str, *, nested: bool) -> str | None:
    """Where a script sends the window, as written: `location = "..."`, `location.replace("...")` and their kin.

    Inside braces that happens only when the function is called, so those count only with `nested`, which suits pages
    that show nothing else. None when no constant target is found.
    """
    if "location" not in text:
        return None
    plain = unescape(text[:_MAX_REDIRECT_SCRIPT])
    for match in islice(_LOCATION.finditer(plain), _MAX_LOCATIONS):
        if nested or is_top_level(plain[: match.start()]):
            target = next(group for group in match.groups() if group)
            return decode_base64(target) if "atob" in match[0] else target
    return None


def is_top_level(before: str) -> bool:
    """Whether code that follows `before` runs at once: no brace is open."""
    code = _OPAQUE.sub("", before)
    return code.count("{") <= code.count("}")
