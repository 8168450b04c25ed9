"""Values of attributes and headers that hold URLs in a syntax of their own: srcset, lists, refresh."""

import re
from typing import Final

from app.engines.extract.table import Form

_CANDIDATE: Final = re.compile(r"[^ \t\n\f\r,][^ \t\n\f\r]*+")
_STRUCTURE: Final = re.compile(r"[(),]")
_LIST: Final = re.compile(r"[^\s,]+")
_REFRESH: Final = re.compile(
    r"""^\s*+[\d.]*+\s*+[;,]?\s*+(?:url\s*=\s*)?(?:"([^"]*)"?|'([^']*)'?|(\S.*))$""", re.IGNORECASE | re.DOTALL
)
_REFRESH_DELAY: Final = re.compile(r"^\s*+[\d.]*+\s*+[;,]?\s*+$")
_MAX_VALUES: Final = 500  # URLs of one attribute


def split(value: str, form: Form) -> list[str]:
    """The URLs in an attribute's value, as written."""
    match form:
        case Form.URL:
            return [value]
        case Form.SRCSET:
            return split_srcset(value)
        case Form.LIST:
            return _LIST.findall(value)[:_MAX_VALUES]


def split_srcset(value: str) -> list[str]:
    """URLs of a srcset as the HTML standard parses it (4.8.4.3): a URL may hold commas, but not end with one."""
    urls: list[str] = []
    position = 0
    while len(urls) < _MAX_VALUES and (match := _CANDIDATE.search(value, position)) is not None:
        url, position = match[0], match.end()
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            position = _after_descriptors(value, position)
        urls.append(url)
    return urls


def _after_descriptors(value: str, position: int) -> int:
    """Where the comma ends that ends a candidate's descriptors; commas inside parentheses do not end them."""
    depth = 0
    for match in _STRUCTURE.finditer(value, position):
        depth += (match[0] == "(") - (match[0] == ")")
        if match[0] == "," and depth <= 0:
            return match.end()
    return len(value)


def refresh_url(content: str) -> str | None:
    """The URL of `<meta http-equiv=refresh>` or a Refresh header, as written; None when it only reloads."""
    if _REFRESH_DELAY.match(content):
        return None
    match = _REFRESH.match(content)
    return next((group.strip() for group in match.groups() if group), None) if match else None
