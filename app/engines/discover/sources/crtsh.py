"""Certificate transparency through crt.sh, or a service that answers as it does.

`GET {base}?q=%25.DOMAIN&output=json` gives a JSON list; each entry has `name_value`, one name a line, and often
`common_name`. It is a free service under load: 429, 502 with an HTML page and long waits are daily business.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from app.engines.discover.source_request import RETRY_DELAYS_S, ask_json, listed
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.urls import host_of


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
        entries = listed(await ask_json(url, fetcher, retry_delays_s=self._retry_delays_s))
        return await asyncio.to_thread(_each_once, entries)


def _each_once(entries: list[Any]) -> list[str]:
    return list(dict.fromkeys(name for entry in entries for name in _names_of(entry)))


def _names_of(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        return
    for key in ("name_value", "common_name"):
        value = entry.get(key)
        if isinstance(value, str):
            yield from value.split("\n")
