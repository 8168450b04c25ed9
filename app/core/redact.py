"""The one place that decides what must not be seen: in logs, in the URLs of events and log lines of tasks, in results.

`redact` is for text of any kind, `redact_value` for what stands under a name in a log record, `display_text` and
`display_value` for what others wrote and a reader gets. All are idempotent and never raise.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

MASK: Final = "***"
MAX_VALUE: Final = 4_096  # characters of one value in a log record; longer texts are bodies, not facts
MAX_DEPTH: Final = 6

# Names under which a secret stands, in a query, a JSON object or a log record's keyword.
_SECRET_NAME: Final = re.compile(
    r"token|secret|passw(?:or)?d|passwd|pwd|api[_\-]?key|access[_\-]?key|signature|credential|session[_\-]?id|sessid|jwt"
    r"|^(?:pass|auth|authorization|proxy-authorization|cookie|set-cookie|ticket|sid|sig|sign|otp|pin|code|key|nonce)$",
    re.IGNORECASE,
)
# Under these names stands what others wrote: it may hold anything.
_BODY_KEY: Final = re.compile(
    r"^(?:body|html|content|page_body|payload|frame|raw|text_body|request_body)$", re.IGNORECASE
)
# `code` names a stable key of ours in a log record, a login code in a query.
_HARMLESS_KEYS: Final = frozenset({"code", "key", "auth", "sign", "pin", "pass"})

_USER_INFO: Final = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.\-]{0,20}:)?(?P<slashes>//)[^\s/?#\"'<>@]*(?:@[^\s/?#\"'<>@]*)*@"
)
# Any pair of a query, a fragment or a path's parameters; whether it is secret is asked of the name alone, so that no
# pattern goes back and forth over a hostile text. Browsers decode percent signs in names.
_QUERY: Final = re.compile(r"(?P<lead>[?&#;])(?P<name>[\w\-.%\[\]]{1,200})=(?P<value>[^&#\s\"'<>;]*)")
_HEADER: Final = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization\b|\b(?:set-)?cookie\b)"
    r"(?P<sep>[\"']?\s{0,8}[:=,]\s{0,8}[\"']?)(?P<value>[^\r\n\"']+)",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(?P<kind>bearer|basic)\s+[A-Za-z0-9\-._~+/]{6,}=*", re.IGNORECASE)
_JWT: Final = re.compile(r"eyJ[\w\-]{6,}(?:\.[\w\-]*){0,4}")
# API keys and read-only links (`core.opaque_tokens`), cut ones included; their first characters are no secret.
_OPAQUE: Final = re.compile(r"(?P<prefix>dcs[kl]_)[0-9A-Za-z]{5,}")
# In quotes: `'code': 'not_found'` is a fact of ours, `"password": ...` never is. Bounded, as above.
_MEMBER: Final = re.compile(
    r"(?P<name>(?P<quote>[\"'])(?=[\w\-]{0,100}?(?:token|secret|passwo?r?d|pwd|api_?key|credential))[\w\-]{1,100}(?P=quote))"
    r"(?P<sep>\s{0,8}[:=,]\s{0,8})(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,}\])]+)",
    re.IGNORECASE,
)
_PARAMETERS: Final = re.compile(r"\[parameters: .*?(?:\](?=\s|$)|\Z)", re.DOTALL)  # SQLAlchemy's, in its errors


def redact(text: str) -> str:
    """Return the text without user info in URLs, token-like query values, credentials, tokens and parameters."""
    if "[parameters: " in text:
        text = _PARAMETERS.sub("[parameters hidden]", text)
    if "@" in text:
        text = _USER_INFO.sub(lambda found: (found["scheme"] or "") + found["slashes"], text)
    if "=" in text:
        text = _QUERY.sub(_hide_pair, text)
    lower = text.lower() if text.isascii() else None  # other letters may match in spite of their case
    if lower is None or "authorization" in lower or "cookie" in lower:
        text = _HEADER.sub(lambda found: f"{found['name']}{found['sep']}{MASK}", text)
    if lower is None or "bearer" in lower or "basic" in lower:
        text = _BEARER.sub(lambda found: f"{found['kind']} {MASK}", text)
    if lower is None or "'" in lower or '"' in lower:
        text = _MEMBER.sub(lambda found: f"{found['name']}{found['sep']}{MASK}", text)
    if "dcs" in text:
        text = _OPAQUE.sub(lambda found: found["prefix"] + MASK, text)
    return _JWT.sub(MASK, text) if "eyJ" in text else text


def _hide_pair(found: re.Match[str]) -> str:
    name = unquote(found["name"]).rstrip("]")
    if not _SECRET_NAME.search(name.rpartition("[")[2] or name):
        return found[0]
    return f"{found['lead']}{found['name']}={MASK}"


def display_text(text: str) -> str:
    """Redact, and take out what steers a terminal or turns text around: pages have a say in what scans report."""
    if not text.isprintable():
        text = "".join(map(_shown_character, text))
    return redact(text)


def _shown_character(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def display_value(value: Any, *, breaks: bool = False) -> Any:
    """Return a JSON value with every text in it passed through `display_text`; names stay. With `breaks` the
    lines of a text stay lines.
    """
    match value:
        case str():
            return "\n".join(map(display_text, value.split("\n"))) if breaks else display_text(value)
        case Mapping():
            return {name: display_value(item, breaks=breaks) for name, item in value.items()}
        case list() | tuple():
            return [display_value(item, breaks=breaks) for item in value]
        case _:
            return value


def redact_value(name: str, value: Any, depth: int = 0) -> Any:
    """Return the value that a log record may show under this name."""
    if _BODY_KEY.match(name) or (_SECRET_NAME.search(name) and name.lower() not in _HARMLESS_KEYS):
        return value if value is None or isinstance(value, bool | int | float) else MASK
    return _redact_any(value, depth)


def _redact_any(value: Any, depth: int) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value if len(value) <= MAX_VALUE else value[:MAX_VALUE] + "…")
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case _ if depth >= MAX_DEPTH:
            return "…"
        case Mapping():
            return {str(key): redact_value(str(key), item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redact_any(item, depth + 1) for item in value]
        case _:
            return redact(str(value)[:MAX_VALUE])
