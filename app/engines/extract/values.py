"""Values of attributes and headers that hold URLs in a syntax of their own: srcset, lists, refresh."""

import re
from typing import Final

from app.engines.extract.table import Form

_WORD: Final = re.compile(r"[^ \t\n\f\r]+")
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
    rest = value
    while len(urls) < _MAX_VALUES:
        rest = rest.lstrip(" \t\n\f\r,")
        if not rest:
            break
        url = _WORD.match(rest)[0]  # type: ignore[index]  # what is left does not start with a space
        rest = rest[len(url) :]
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            rest = _after_descriptors(rest)
        urls.append(url)
    return urls


def _after_descriptors(rest: str) -> str:
    """What follows the comma that ends a candidate's descriptors; commas inside parentheses do not end them."""
    depth = 0
    for index, character in enumerate(rest):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth <= 0:
            return rest[index + 1 :]
    return ""


def refresh_url(content: str) -> str | None:
    """The URL of `<meta http-equiv=refresh>` or a Refresh header, as written; None when it only reloads."""
    if _REFRESH_DELAY.match(content):
        return None
    match = _REFRESH.match(content)
    return next((group.strip() for group in match.groups() if group), None) if match else None
