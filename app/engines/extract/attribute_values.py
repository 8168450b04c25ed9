"""Values of attributes that hold URLs in a syntax of their own: srcset, lists."""

import re
from typing import Final

from app.engines.extract.url_attributes import UrlSyntax

_CANDIDATE: Final = re.compile(r"[^ \t\n\f\r,][^ \t\n\f\r]*+")
_STRUCTURE: Final = re.compile(r"[(),]")
_LIST: Final = re.compile(r"[^\s,]+")
_MAX_VALUES: Final = 500  # URLs of one attribute


def split_urls(value: str, form: UrlSyntax) -> list[str]:
    """Return the URLs in an attribute's value, as written."""
    match form:
        case UrlSyntax.URL:
            return [value]
        case UrlSyntax.SRCSET:
            return split_srcset(value)
        case UrlSyntax.LIST:
            return _LIST.findall(value)[:_MAX_VALUES]


def split_srcset(value: str) -> list[str]:
    """Split a srcset as the HTML standard parses it (4.8.4.3): a URL may hold commas, but not end with one."""
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
    """Return the index after the comma that ends a candidate's descriptors; parentheses may hold commas."""
    depth = 0
    for match in _STRUCTURE.finditer(value, position):
        depth += (match[0] == "(") - (match[0] == ")")
        if match[0] == "," and depth <= 0:
            return match.end()
    return len(value)
