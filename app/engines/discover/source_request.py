"""One request to a passive source, with the retries that free services need, and what its failures mean."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson

from app.domain.discovery import SourceStatus
from app.domain.messages import Text, english
from app.domain.scan_facts import FetchError
from app.engines.discover.sources import SourceFailed
from app.engines.model import FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

TIMEOUT_S: Final = 45.0  # answers for large domains take half a minute
MAX_BYTES: Final = 96 * 1024 * 1024  # 100,000 entries of a certificate log are some 60 MB
RETRY_DELAYS_S: Final = (2.0, 6.0)
_OK: Final = 200
_REFUSALS: Final = range(400, 500)
_LIMITED: Final = 429
_TRY_AGAIN: Final = frozenset({_LIMITED, 500, 502, 503, 504})
# Not timeouts: who waited that long once need not do so three times, while the whole scan waits too.
_PASSING: Final = frozenset({FetchError.CONNECT, FetchError.PROTOCOL})


async def ask(
    url: str,
    fetcher: RateLimitedFetcher,
    *,
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Return the body of the answer. Raises SourceFailed after the last try."""
    for delay_s in (*retry_delays_s, None):
        result = await fetcher.fetch(url, max_bytes=max_bytes, timeout_s=TIMEOUT_S)
        reason = _failure(result, max_bytes)
        if reason is None:
            return result.body
        if delay_s is None or not _is_passing(result):
            raise SourceFailed(reason, _status(result))
        await asyncio.sleep(delay_s)
    raise AssertionError("unreachable: the last try returns or raises")


async def ask_json(url: str, fetcher: RateLimitedFetcher, *, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> Any:
    """Return the answer as JSON. Raises SourceFailed."""
    body = await ask(url, fetcher, retry_delays_s=retry_delays_s)
    try:
        return await asyncio.to_thread(orjson.loads, body)
    except orjson.JSONDecodeError as error:
        raise SourceFailed(english("source_failure.not_json")) from error


def listed(answer: Any, key: str | None = None) -> list[Any]:
    """Return the list that the answer is, or has under the key. Raises SourceFailed."""
    found = answer.get(key) if key is not None and isinstance(answer, dict) else answer
    if not isinstance(found, list):
        raise SourceFailed(english("source_failure.no_list"))
    return found


def _failure(result: FetchResult, max_bytes: int) -> Text | None:
    """Say why this is no answer; None when it is one."""
    if result.error is not None:
        return english("source_failure.no_answer", reason=english(f"fetch_error.{result.error}"))
    if result.status != _OK:
        return english("source_failure.status", status=result.status)
    return english("source_failure.too_long", limit=max_bytes) if result.truncated else None


def _status(result: FetchResult) -> SourceStatus:
    if result.status == _LIMITED:
        return SourceStatus.LIMITED
    return SourceStatus.REFUSED if result.status in _REFUSALS else SourceStatus.FAILED


def _is_passing(result: FetchResult) -> bool:
    return result.status in _TRY_AGAIN or (result.error in _PASSING and not result.status)
