"""The one place that decides what must not be seen: in logs, and in the URLs of events and log lines of tasks.

`redact` is for text of any kind, `redact_value` for what stands under a name. Both are idempotent and never raise.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"
MAX_VALUE: Final = 4_096  # characters of one value in a log record; longer texts are bodies, not facts
MAX_DEPTH: Final = 6

# Names under which a secret stands, in a query, a header, a JSON object or a log record's keyword.
_NAMES: Final = (
    r"(?:[\w\-.]*(?:token|secret|passw(?:or)?d|passwd|pwd|api[_-]?key|access[_-]?key|signature|credential|session[_-]?id|"
    r"sessid|jwt)[\w\-]*|pass|auth|authorization|proxy-authorization|cookie|set-cookie|ticket|sid|sig|sign|otp|pin|code|"
    r"key|nonce)"
)
_SECRET_KEY: Final = re.compile(rf"^{_NAMES}$", re.IGNORECASE)
# Under these names stands what others wrote: it may hold anything.
_BODY_KEY: Final = re.compile(
    r"^(?:body|html|content|page_body|payload|frame|raw|text_body|request_body)$", re.IGNORECASE
)
# `code` names a stable key of ours in a log record, a login code in a query.
_HARMLESS_KEYS: Final = frozenset({"code", "key", "auth", "sign", "pin", "pass"})

_USER_INFO: Final = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.\-]{0,20}:)?(?P<slashes>//)[^\s/?#\"'<>@]*(?:@[^\s/?#\"'<>@]*)*@"
)
_QUERY: Final = re.compile(rf"(?P<lead>[?&#;])(?P<name>{_NAMES}\]?)=(?P<value>[^&#\s\"'<>;]*)", re.IGNORECASE)
_HEADER: Final = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization\b|\b(?:set-)?cookie\b)(?P<sep>[\"']?\s*[:=,]\s*[\"']?)(?P<value>[^\r\n\"']+)",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(?P<kind>bearer|basic)\s+[A-Za-z0-9\-._~+/]{6,}=*", re.IGNORECASE)
_JWT: Final = re.compile(r"eyJ[\w\-]{6,}(?:\.[\w\-]*){0,4}")
_JSON: Final = re.compile(
    r"(?P<name>[\"'][\w\-]*(?:token|secret|passw(?:or)?d|passwd|pwd|api_?key|credential)[\w\-]*[\"'])(?P<sep>\s*[:=,]\s*)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,}\])]+)",
    re.IGNORECASE,
)
_PARAMETERS: Final = re.compile(r"\[parameters: .*?\](?=\s|$)", re.DOTALL)  # SQLAlchemy's, in its errors


def redact(text: str) -> str:
    """The text without user info in URLs, token-like query values, credentials, JWTs and database parameters."""
    if "[parameters: " in text:
        text = _PARAMETERS.sub("[parameters hidden]", text)
    if "@" in text:
        text = _USER_INFO.sub(lambda found: (found["scheme"] or "") + found["slashes"], text)
    if "=" in text:
        text = _QUERY.sub(lambda found: f"{found['lead']}{found['name']}={MASK}", text)
    text = _HEADER.sub(lambda found: f"{found['name']}{found['sep']}{MASK}", text)
    text = _BEARER.sub(lambda found: f"{found['kind']} {MASK}", text)
    text = _JSON.sub(lambda found: f"{found['name']}{found['sep']}{MASK}", text)
    return _JWT.sub(MASK, text) if "eyJ" in text else text


def redact_value(name: str, value: Any, depth: int = 0) -> Any:
    """What a log record may show under this name."""
    if _BODY_KEY.match(name) or (_SECRET_KEY.match(name) and name.lower() not in _HARMLESS_KEYS):
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
