"""URLs of pages as URIs (RFC 3986), which formats for programs demand: what a page wrote may be none."""

import re
from typing import Final
from urllib.parse import quote

_KEPT: Final = "%/:?@!$&'()*+,;=~"  # beside letters, digits and `-._`
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IPV6_HOST: Final = re.compile(r"^([a-z][a-z0-9+.\-]*://)(\[[0-9a-f:.]+\])", re.IGNORECASE)


def uri_of(url: str) -> str:
    """Return the URL with everything escaped that a URI does not have; what is one already stays as it is."""
    host = _IPV6_HOST.match(url)
    start, rest = (host[0], url[host.end() :]) if host else ("", url)
    before, mark, fragment = rest.partition("#")
    return f"{start}{_escape(before)}{mark}{_escape(fragment)}"


def _escape(text: str) -> str:
    return _BAD_ESCAPE.sub("%25", quote(text, safe=_KEPT, errors="replace"))
