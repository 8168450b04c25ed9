"""URLs as browsers read them (WHATWG URL standard, by ada-url). Pure: strings in, strings out.

What is requested and kept as evidence is the URL as `resolve` gives it; `normalise` is for identity only, and
`strip_secrets` for everything that people or logs get to see.
"""

import re
from functools import lru_cache
from typing import Final

from ada_url import URL, join_url, parse_url

# Session ids and campaign tags say who came from where, never which document it is. `spm` and `scm` are Alibaba's,
# `bd_vid` Baidu's, `hmsr` to `hmkw` the campaign tags of Baidu's analytics.
_IGNORED_PARAMETERS: Final = frozenset(
    {
        "phpsessid",
        "jsessionid",
        "sessionid",
        "session_id",
        "sessid",
        "sid",
        "cfid",
        "cftoken",
        "_gl",
        "_ga",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "yclid",
        "twclid",
        "igshid",
        "mc_cid",
        "mc_eid",
        "_hsenc",
        "_hsmi",
        "spm",
        "scm",
        "bd_vid",
        "hmsr",
        "hmpl",
        "hmcu",
        "hmkw",
        "hmci",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "utm_id",
    }
)
_PATH_SESSION: Final = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?#]*", re.IGNORECASE)
# A path that a parser leaves as it is: no dots that climb, nothing to be escaped, no scheme.
_SEGMENTS: Final = r"[A-Za-z0-9_~\-][A-Za-z0-9_~.\-]*(?:/[A-Za-z0-9_~\-][A-Za-z0-9_~.\-]*)*/?"
_QUERY: Final = r"(?:\?[A-Za-z0-9_~.&=/\-]*)?"
_PLAIN_PATH: Final = re.compile(rf"/?{_SEGMENTS}{_QUERY}")
# Likewise an origin, and a whole URL: a name that no parser converts, which ends with letters and thus is no address.
_ORIGIN: Final = r"https?://(?:(?!xn--)[a-z0-9][a-z0-9\-]*+\.)++[a-z]{2,63}+"
_PLAIN_ORIGIN: Final = re.compile(rf"({_ORIGIN})(?:/|\Z)")
_PLAIN_URL: Final = re.compile(rf"{_ORIGIN}/(?:{_SEGMENTS})?({_QUERY})")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_SECRET_NAME: Final = re.compile(
    r"(?:^|[_\-.\[])(?:access|api|auth|authorization|bearer|code|credential|jwt|key|nonce|otp|pass|passwd|password|pin|"
    r"pwd|secret|session|sessionid|sid|sig|sign|signature|ticket|token)s?\]?$"
    r"|token|secret|passw|apikey|accesskey|signature|sessid|sessionid|credential",
    re.IGNORECASE,
)
# A value that nobody types: a JWT, or at least 24 characters of hex or base64 with digits and letters mixed.
_SECRET_VALUE: Final = re.compile(
    r"\A(?:eyJ[\w\-]{8,}+\.[\w\-.]*+|(?=[^/]*[0-9])(?=[^/]*[A-Za-z])(?:[\w\-+/=]|%2[BFbf]|%3[Dd]){24,})\Z", re.ASCII
)
_KEPT: Final = 4_096  # paths of one site whose URLs are at hand
_MAX_KEPT: Final = 200  # characters of one
_MAX_NAME: Final = 253  # as text
_MAX_LABEL: Final = 63
_MASK: Final = "***"
_USER_INFO: Final = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.\-]*:)?([/\\]{2,})[^/\\?#]*@")
# A value ends at the next separator; after `;` it stands in the path, where the query ends it too.
_PARAMETERS: Final = re.compile(r"(?:(;)|[?&#])([^=?&#;/]*)=((?(1)[^&#;?]*|[^&#;]*))")


def resolve(base: str, raw: str) -> str | None:
    """Where a browser that stands on `base` would go for `raw`: the serialised URL, or None when that is not
    http(s) or no URL at all. Never raises.
    """
    try:
        href = join_url(base, raw)
    except ValueError:
        return None
    return href if href.startswith(("http://", "https://")) else None


def join(base: str, raw: str) -> str | None:
    """Resolve a target of any scheme (`weixin:`, `intent:`)."""
    try:
        return join_url(base, _ascii_bytes_kept(raw))
    except ValueError:
        return None


def _ascii_bytes_kept(raw: str) -> str:
    """Header values come with undecodable bytes as surrogates: percent-encode those bytes as browsers do."""
    if raw.isascii() or not any("\udc80" <= char <= "\udcff" for char in raw):
        return raw
    encoded = raw.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in encoded)  # noqa: PLR2004 - ASCII's end


def request_url(url: str) -> str | None:
    """What is asked for: serialised as browsers do, without user info and fragment. None: not a http(s) URL."""
    if _PLAIN_URL.fullmatch(url):
        return url
    try:
        parsed = URL(url)
    except ValueError:
        return None
    if parsed.protocol not in ("http:", "https:") or not parsed.hostname:
        return None
    parsed.username = parsed.password = parsed.hash = ""
    return str(parsed.href)


@lru_cache(maxsize=8)
def _paths_of(root: str) -> dict[str, str]:  # noqa: ARG001 - the key
    """Return the memory of the plain paths from a site's root; filled by those who ask."""
    return {}


class Base:
    """What a page's relative URLs resolve against; plain paths, most links of most sites, without the whole parser."""

    def __init__(self, url: str) -> None:
        self._url = url
        address = url.partition("#")[0].partition("?")[0]
        is_plain = url.startswith(("http://", "https://")) and "@" not in address and address.count("/") > 2  # noqa: PLR2004 - serialised: a path
        self._root = origin_of(url) if is_plain else ""
        self._folder = address[: address.rindex("/") + 1] if self._root else ""
        self._paths = _paths_of(self._root)

    def resolve(self, raw: str) -> str | None:
        """Resolve a reference against the base, as the function `resolve` does."""
        return self.join_plain(raw) or (raw if _PLAIN_URL.fullmatch(raw) else resolve(self._url, raw))

    def join_plain(self, raw: str) -> str | None:
        """Resolve a plain path; None: it is none."""
        if (known := self._paths.get(raw)) is not None:  # pages of a site repeat the same few thousand links
            return known
        if not self._root or not _PLAIN_PATH.fullmatch(raw):
            return None
        if raw[0] != "/":
            return self._folder + raw
        url = self._root + raw
        if len(raw) <= _MAX_KEPT:
            if len(self._paths) >= _KEPT:
                self._paths.clear()
            self._paths[raw] = url
        return url


def normalise(url: str) -> str:
    """Identity of a document in the frontier: no fragment, user info, default port, session id or campaign tag;
    percent escapes in one spelling. The order of the query is kept. What is no URL comes back unchanged.
    """
    if (plain := _PLAIN_URL.fullmatch(url)) is not None and not plain[1]:
        return url
    try:
        parts = parse_url(url, ("protocol", "hostname", "port", "pathname", "search"))
    except ValueError:
        return url
    port = f":{parts['port']}" if parts["port"] else ""
    path = _PATH_SESSION.sub("", parts["pathname"]) if ";" in parts["pathname"] else parts["pathname"]
    query = _identity_query(parts["search"]) if parts["search"] else ""
    host = parts["hostname"].rstrip(".")
    return _unify_escapes(f"{parts['protocol']}//{host}{port}{path}{query}")


def is_same_page(one: str, other: str) -> bool:
    """Return whether both lead to the same document, as `normalise` sees it."""
    return normalise(one) == normalise(other)


def _identity_query(search: str) -> str:
    kept = [pair for pair in search[1:].split("&") if pair and not _is_ignored(pair)]
    return "?" + "&".join(kept) if kept else ""


def _is_ignored(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in _IGNORED_PARAMETERS or name.startswith("aspsessionid")


def _unify_escapes(url: str) -> str:
    return _PERCENT.sub(_unify_escape, url) if "%" in url else url


def _unify_escape(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()


@lru_cache(maxsize=16_384)  # pages repeat the same few thousand links
def host_of(url: str) -> str:
    """Host of any absolute URL: lower case ASCII without a trailing dot, IPv6 without brackets; "" if it has none."""
    if (plain := _PLAIN_ORIGIN.match(url)) is not None:
        return plain[1].partition("//")[2]
    try:
        host = parse_url(url, ("hostname",))["hostname"]
    except ValueError:
        return ""
    return host.rstrip(".").strip("[]")


def host_of_serialised(url: str) -> str:
    """Return the host of a URL that `resolve` returned, three times faster than `host_of`. Wrong for anything else."""
    start = url.index("//") + 2
    authority = url[start : url.index("/", start)]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    if authority.startswith("["):
        return authority[1 : authority.index("]")]
    return authority.partition(":")[0].rstrip(".")


def is_possible(host: str) -> bool:
    """Tell whether the DNS can have this host: neither it nor a label of it is too long (RFC 1035, 2.3.4)."""
    return len(host) <= _MAX_LABEL or (len(host) <= _MAX_NAME and max(map(len, host.split("."))) <= _MAX_LABEL)


def origin_of(url: str) -> str:
    """Scheme, host and port that is not the scheme's own: "https://a.example:8443". "" when there is none."""
    if (plain := _PLAIN_ORIGIN.match(url)) is not None:
        return plain[1]
    try:
        parts = parse_url(url, ("protocol", "host"))
    except ValueError:
        return ""
    return f"{parts['protocol']}//{parts['host']}" if parts["host"] else ""


def strip_secrets(url: str) -> str:
    """The URL without user info and with token-like values of query and fragment replaced by `***`.

    Works on text that is no valid URL too, because that also ends up in log lines.
    """
    url = _USER_INFO.sub(lambda match: (match[1] or "") + match[2], url)
    return _PARAMETERS.sub(_mask, url) if "=" in url else url


def _mask(match: re.Match[str]) -> str:
    _, name, value = match.groups()
    is_secret = value and (_SECRET_NAME.search(name) or _SECRET_VALUE.fullmatch(value))
    return f"{match[0][0]}{name}={_MASK}" if is_secret else match[0]
