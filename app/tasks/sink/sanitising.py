"""Sanitises text before it stands in an event: no secret in a URL, no control character, no endless line."""

import re
from dataclasses import asdict, fields, replace
from typing import Any, Final, cast

from app.core.redact import redact
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog, Text
from app.domain.violations import Evidence, ViolationFact
from app.engines.urls import strip_secrets

MAX_LINE_BYTES: Final = 8_192  # of one log line; a page's title or an error of a foreign server can be any length
MAX_PARAM_BYTES: Final = 2_560  # of one text within a line: a URL of full length, with what stands around it
MAX_URL_CHARS: Final = 2_048
MODULE_CHARS: Final = 64  # column width of `task_logs.module`
_KEYS: Final = frozenset({"domain", "level"})  # what a row is found by, letter for letter
_URLS: Final = frozenset({"url", "found_on"})
_MAX_INPUT_CHARS: Final = 65_536  # looked at before anything is computed
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]{0,30}:[/\\]{2}[^\s\"'<>]+")
# Controls, line and paragraph separators, marks that turn the direction of text, halves of surrogate pairs.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_line(message: str) -> str:
    """Return one log line: URLs redacted, control characters and newlines escaped, at most 8 KiB of UTF-8."""
    text = _URL.sub(lambda match: strip_secrets(match[0]), message[:_MAX_INPUT_CHARS])
    return cut_bytes(_UNSAFE.sub(_escape, redact(text)), MAX_LINE_BYTES)


def clean_message(message: str) -> str:
    """Clean a line; one that was made of a key stays so, with clean parameters: made anew it is as clean."""
    if not isinstance(message, Text):
        return clean_line(message)
    params = {name: _clean_param(value) for name, value in message.params.items()}
    made = MessageCatalog(message.language).remake(message.key, params)
    if made is None:
        return clean_line(message)
    return Text(cut_bytes(made, MAX_LINE_BYTES), key=message.key, params=params, language=message.language)


def _clean_param(value: Any) -> Any:
    match value:
        case str():
            return cut_bytes(clean_line(value), MAX_PARAM_BYTES)
        case dict():
            return {name: item if name == "text_key" else _clean_param(item) for name, item in value.items()}
        case list():
            return [_clean_param(item) for item in value]
        case _:
            return value


def clean_text(text: str) -> str:
    """Clean what is shown as a text: its line breaks stay. The bound is that of a line."""
    lines = text[:_MAX_INPUT_CHARS].replace("\r\n", "\n").split("\n")
    return cut_bytes("\n".join(map(clean_line, lines)), MAX_LINE_BYTES)


def clean_url(url: str) -> str:
    """Return a URL for people: no user info, no token-like value, nothing that cannot be encoded."""
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


def clean_entry(entry: LogEntry) -> LogEntry:
    """Clean the texts of a log line, and cut the speaker's name to its column's width."""
    cleaned = replace(entry, **_clean_texts(entry))
    return replace(cleaned, module=cleaned.module[:MODULE_CHARS])


def clean_violation(fact: ViolationFact) -> ViolationFact:
    """Clean the texts and URLs of a violation: they come from hostile pages."""
    return replace(fact, **_clean_texts(fact), evidence=tuple(map(_clean_evidence, fact.evidence)))


def _clean_evidence(item: Evidence) -> Evidence:
    cleaned = Evidence.from_json(cast("dict[str, Any]", clean_json(asdict(item))))
    return replace(cleaned, page_url=clean_url(item.page_url))


def _clean_texts(fact: LogEntry | ViolationFact) -> dict[str, Any]:
    """Return every text of the fact, cleaned, so that one that is added is never forgotten. Enums are our own."""
    texts = {item.name: getattr(fact, item.name) for item in fields(fact) if item.name not in _KEYS}
    return {
        name: clean_url(text) if name in _URLS else clean_message(text)
        for name, text in texts.items()
        if type(text) in (str, Text)
    }


def cut_bytes(text: str, limit: int) -> str:
    """Cut the text to `limit` bytes of UTF-8, with an ellipsis where something was cut off."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "…"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
