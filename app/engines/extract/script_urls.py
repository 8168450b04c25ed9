"""URLs in text that is no markup: scripts, JSON, event handlers, data attributes, comments.

Only what is clearly a URL counts: `http(s)://host` anywhere, `//host` at the start of a quoted or bracketed string. The
host needs a dot. Such a URL is merely mentioned; the code may never use it.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from app.engines.html.script_text import decode_base64, unescape_script

# No optional group around what may be empty anyway: that makes the search exponential in the number of labels.
_LABEL: Final = r"[a-zA-Z0-9\u0080-\uffff_][a-zA-Z0-9\u0080-\uffff_\-]{0,62}"
_HOST: Final = rf"(?:{_LABEL}\.){{1,60}}(?:[a-zA-Z\u0080-\uffff][\w\-\u0080-\uffff]{{1,62}}|\d{{1,3}})"
_USER: Final = r"(?:[\w.\-%]{1,100}(?::[^\s\"'`<>@/]{0,100})?@)?"
_END: Final = r"[^\s\"'`<>\\(){}|^\[\];,]*"
_URL: Final = re.compile(
    rf"(?:\bhttps?:[/\\]{{2}}|(?<=[\"'`(=])//){_USER}{_HOST}\.?(?::\d{{1,5}})?(?:[/?#]{_END})?", re.IGNORECASE
)
_ATOB: Final = re.compile(r"\batob\s*\(\s*[\"'`]([A-Za-z0-9+/=_\-\s]{8,4096})[\"'`]")
_MAX_URLS: Final = 2_000  # of one text
_MAX_TEXT: Final = 5_242_880  # characters; no page is longer


def find_script_urls(text: str) -> Iterator[tuple[str, str, int]]:
    r"""Yield URLs that a text mentions: (URL unescaped, "string" or "atob", position in the unescaped text).

    At most 2,000. Escapes `\/`, `\x2f` and `\u002f` are undone, and one level of `atob("...")`.
    """
    plain = unescape_script(text[:_MAX_TEXT])
    if "//" in plain or ":\\" in plain:
        for match in islice(_URL.finditer(plain), _MAX_URLS):
            yield match[0].rstrip(".!?:*"), "string", match.start()
    if "atob" in plain:
        yield from _find_encoded(plain)


def _find_encoded(plain: str) -> Iterator[tuple[str, str, int]]:
    for match in islice(_ATOB.finditer(plain), _MAX_URLS):
        for found in _URL.finditer('"' + decode_base64(match[1])):
            yield found[0], "atob", match.start()
