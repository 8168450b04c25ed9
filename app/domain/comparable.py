"""Normalised URLs, titles and issuers, without sessions, build numbers and clocks, for the comparison of two scans.

Pure. Equal things of two scans have equal texts, but different things may have equal texts as well.
"""

import re
from collections.abc import Callable
from typing import Final

# Parameters for visitors, times and counters, which never select a document.
_PASSING: Final = re.compile(
    r"^(?:_|_t|aspsessionid\w*|cachebust\w*|cb|cftoken|clickid|clientid|cid|fbclid|gclid|jsessionid|msclkid|nc|nocache|nonce"
    r"|phpsessid|r|rand\w*|requestid|rnd|scm|sess\w*|sid|spm|t|time\w*|token|ts|uid|utm_\w+|uuid|v|ver|version|visitor\w*)$",
    re.IGNORECASE,
)
# The subset that is certain for pages: a page with another `t` may be another page.
_SESSION: Final = re.compile(
    r"^(?:jsessionid|phpsessid|sess(?:ion_?)?id|sid|cfid|cftoken|utm_\w+|[dgy]clid|fbclid|msclkid|spm|scm)$",
    re.IGNORECASE,
)
_PATH_SESSION: Final = re.compile(r";[a-z_]*(?:sid|sessionid|sessid)=[^/;?#]*", re.IGNORECASE)
# A counter or a random value: long digits, or digits among letters.
_DRAWN: Final = re.compile(r"^(?:\d{9,}|(?=[^0-9]*\d)(?=[^a-z]*[a-z])[0-9a-z_-]{16,}|[0-9a-f]{16,})$", re.IGNORECASE)
# In file names: build hashes, versions and numbers.
_BUILD: Final = re.compile(r"(?<![a-z])(?=[a-z]*\d)[0-9a-z]{6,}(?![a-z])|\d+(?:\.\d+)*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"[^\W_]+")


def comparable_page(url: str) -> str:
    """Return the URL of a page without fragment and session. Different pages have different results."""
    return _without(url, lambda part: _SESSION.match(part.partition("=")[0]) is not None)


def comparable_url(url: str) -> str:
    """Return the URL without volatile parameters: sessions, clocks, counters and random values."""
    return _without(url, _is_passing)


def _without(url: str, is_left_out: Callable[[str], bool]) -> str:
    """Return the URL without some parameters, the others sorted by name."""
    address, _, query = url.partition("#")[0].partition("?")
    if ";" in address:
        address = _PATH_SESSION.sub("", address)
    if not query:
        return address
    kept = sorted(part for part in query.split("&") if part and not is_left_out(part))
    return f"{address}?{'&'.join(kept)}" if kept else address


def _is_passing(part: str) -> bool:
    name, _, value = part.partition("=")
    return _PASSING.match(name) is not None or _DRAWN.match(value) is not None


def comparable_script(url: str) -> str:
    """Return the URL of a script without its query, and with `*` for build numbers and hashes in its path."""
    address = url.partition("#")[0].partition("?")[0].partition(";")[0]
    scheme, slashes, rest = address.partition("//")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host}{slash}{_BUILD.sub('*', path)}"


def comparable_title(title: str) -> frozenset[str]:
    """Return the words of a title without numbers. In Chinese each pair of characters counts as a word."""
    words: set[str] = set()
    for word in _WORD.findall(_NUMBER.sub(" ", title.casefold())):
        words.update((word,) if word.isascii() else _pairs(word))
    return frozenset(words)


def comparable_issuer(name: str) -> str:
    """Return the issuer of a certificate without the number of its intermediate: `R11` and `R10` are equal."""
    words = [word for word in name.casefold().split() if not any(character.isdigit() for character in word)]
    return " ".join(words) or name[:1].casefold()


def _pairs(word: str) -> list[str]:
    return [word[start : start + 2] for start in range(max(1, len(word) - 1))]
