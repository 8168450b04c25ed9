"""What text becomes before it stands in an event: no secret in a URL, no control character, no endless line."""

import re
from typing import Final

from app.core.redact import redact
from app.engines.urls import strip_secrets

MAX_LINE_BYTES: Final = 8_192  # of one log line; a page's title or an error of a foreign server can be any length
MAX_URL_CHARS: Final = 2_048
_MAX_INPUT_CHARS: Final = 65_536  # looked at before anything is computed
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]{0,30}:[/\\]{2}[^\s\"'<>]+")
# Controls, line and paragraph separators, marks that turn the direction of text, halves of surrogate pairs.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_line(message: str) -> str:
    """One log line: URLs redacted, control characters and newlines escaped, at most 8 KiB of UTF-8."""
    text = _URL.sub(lambda match: strip_secrets(match[0]), message[:_MAX_INPUT_CHARS])
    return cut_bytes(_UNSAFE.sub(_escape, redact(text)), MAX_LINE_BYTES)


def clean_text(text: str) -> str:
    """Clean what is shown as a text: its line breaks stay. The bound is that of a line."""
    lines = text[:_MAX_INPUT_CHARS].replace("\r\n", "\n").split("\n")
    return cut_bytes("\n".join(map(clean_line, lines)), MAX_LINE_BYTES)


def clean_url(url: str) -> str:
    """A URL for people: no user info, no token-like value, nothing that cannot be encoded."""
    return _UNSAFE.sub(_escape, redact(strip_secrets(url[:MAX_URL_CHARS])))


def clean_json(value: object) -> object:
    """Clean every text inside a JSON-like value (evidence quotes pages, whose lines stay lines)."""
    match value:
        case str():
            return clean_text(value)
        case dict():
            return {str(key): clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [clean_json(item) for item in value]
        case _:
            return value


def cut_bytes(text: str, limit: int) -> str:
    """The text cut to `limit` bytes of UTF-8, with an ellipsis where something was cut off."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "…"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
