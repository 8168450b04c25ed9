"""Certificate transparency through crt.sh, or a service that answers as it does.

`GET {base}?q=%25.DOMAIN&output=json` gives a JSON list; each entry has `name_value`, one name a line, and often
`common_name`. It is a free service under load: 429, 502 with an HTML page and long waits are daily business.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson

from app.domain.messages import Text, english
from app.engines.discover.sources import SourceFailed
from app.engines.model import FetchError, FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.urls import host_of

TIMEOUT_S: Final = 45.0  # answers for large domains take half a minute
MAX_BYTES: Final = 96 * 1024 * 1024  # 100,000 entries are some 60 MB
RETRY_DELAYS_S: Final = (2.0, 6.0)
_OK: Final = 200
_TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
# Not timeouts: who waited that long once need not do so three times, while the whole scan waits too.
_PASSING: Final = frozenset({FetchError.CONNECT, FetchError.PROTOCOL})


class CrtSh:
    """Asks one log service, by the base of its address."""

    def __init__(self, base: str, *, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> None:
        self._base = base
        self._retry_delays_s = retry_delays_s

    @property
    def name(self) -> str:
        return host_of(self._base) or "certificate-log"

    async def names(self, domain: str, fetcher: RateLimitedFetcher) -> list[str]:
        url = f"{self._base}?q={quote('%.' + domain)}&output=json"
        for delay_s in (*self._retry_delays_s, None):
            result = await fetcher.fetch(url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
            reason = _failure(result)
            if reason is None:
                return _read(result.body)
            if delay_s is None or not _is_passing(result):
                raise SourceFailed(reason)
            await asyncio.sleep(delay_s)
        raise AssertionError("unreachable: the last try returns or raises")


def _failure(result: FetchResult) -> Text | None:
    """Say why this is no answer; None when it is one."""
    if result.error is not None:
        return english("source_failure.no_answer", reason=english(f"fetch_error.{result.error}"))
    if result.status != _OK:
        return english("source_failure.status", status=result.status)
    return english("source_failure.too_long", limit=MAX_BYTES) if result.truncated else None


def _is_passing(result: FetchResult) -> bool:
    return result.status in _TRY_AGAIN or (result.error in _PASSING and not result.status)


def _read(body: bytes) -> list[str]:
    try:
        entries = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceFailed(english("source_failure.not_json")) from error
    if not isinstance(entries, list):
        raise SourceFailed(english("source_failure.no_list"))
    return list(dict.fromkeys(name for entry in entries for name in _names_of(entry)))


def _names_of(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        return
    for key in ("name_value", "common_name"):
        value = entry.get(key)
        if isinstance(value, str):
            yield from value.split("\n")
