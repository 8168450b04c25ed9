"""Free services without keys that know host names, in one table: their queries and responses.

Formats differ, and so do the ways to say "enough for today": a status, or a sentence where names should be.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from app.domain.discovery import SourceStatus
from app.domain.messages import english
from app.engines.discover.source_request import RETRY_DELAYS_S, ask, ask_json, listed
from app.engines.discover.sources import SourceFailed
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.urls import host_of

MAX_PAGES: Final = 10  # of a paged answer: 1,000 certificates, mostly; free quotas end there, too
MAX_ADDRESSES: Final = 50_000  # of the archive: pages of the same hosts, mostly
MAX_TEXT_BYTES: Final = 16 * 1024 * 1024
OUT_OF_QUOTA: Final = "API count exceeded"

# Asks one URL for a JSON value, with the retries of the source.
AskJson = Callable[[str], Awaitable[Any]]
AskText = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class _Asking:
    """What a reader of a format is given."""

    base: str  # without a final slash
    domain: str
    json: AskJson
    text: AskText


ReadNames = Callable[[_Asking], Awaitable[Iterable[Any]]]


async def _cert_spotter(asking: _Asking) -> Iterable[Any]:
    """Certificate transparency: pages of issuances, each after the last one's id."""
    query = f"domain={quote(asking.domain)}&include_subdomains=true&expand=dns_names"
    names: list[Any] = []
    after = ""
    for _ in range(MAX_PAGES):
        try:
            page = listed(await asking.json(f"{asking.base}/v1/issuances?{query}{after}"))
        except SourceFailed as failure:  # the quota of an hour ends between two pages
            raise SourceFailed(failure.reason, failure.status, names) from failure
        names += [name for issuance in page for name in _list_in(issuance, "dns_names")]
        if not page or not isinstance(page[-1], dict) or not isinstance(page[-1].get("id"), str):
            break
        after = f"&after={quote(page[-1]['id'])}"
    return names


async def _passive_dns(asking: _Asking) -> Iterable[Any]:
    """AlienVault OTX: what resolvers somewhere were told."""
    url = f"{asking.base}/api/v1/indicators/domain/{quote(asking.domain)}/passive_dns"
    return _values(listed(await asking.json(url), "passive_dns"), "hostname")


async def _host_search(asking: _Asking) -> Iterable[Any]:
    """HackerTarget: lines of `host,address`; trouble is a sentence with the status 200."""
    text = await asking.text(f"{asking.base}/hostsearch/?q={quote(asking.domain)}")
    if text.startswith(OUT_OF_QUOTA):
        raise SourceFailed(english("source_failure.quota"), SourceStatus.LIMITED)
    lines = text.splitlines()
    if lines and not any("," in line for line in lines):
        raise SourceFailed(english("source_failure.no_list"), SourceStatus.REFUSED)
    return (line.partition(",")[0] for line in lines)


async def _url_scans(asking: _Asking) -> Iterable[Any]:
    """urlscan.io: pages that somebody had rendered, and what these were asked for."""
    url = f"{asking.base}/api/v1/search/?q=domain:{quote(asking.domain)}&size=1000"
    results = listed(await asking.json(url), "results")
    parts = (result.get(part) for result in results if isinstance(result, dict) for part in ("page", "task"))
    return _values(parts, "domain")


async def _archive(asking: _Asking) -> Iterable[Any]:
    """The CDX index of a web archive: one address a line."""
    query = f"url=*.{quote(asking.domain)}&fl=original&collapse=urlkey&limit={MAX_ADDRESSES}"
    text = await asking.text(f"{asking.base}/cdx/search/cdx?{query}")
    return (host_of(line) for line in text.splitlines())


async def _name_list(asking: _Asking) -> Iterable[Any]:
    """Anubis: nothing but a list of names."""
    return listed(await asking.json(f"{asking.base}/anubis/subdomains/{quote(asking.domain)}"))


async def _threat_miner(asking: _Asking) -> Iterable[Any]:
    """ThreatMiner: a list of names, and a status of its own inside of the answer."""
    answer = await asking.json(f"{asking.base}/v2/domain.php?q={quote(asking.domain)}&rt=5")
    said = str(answer.get("status_code", "")) if isinstance(answer, dict) else ""
    return [] if said == "404" else listed(answer, "results")


KEYLESS: Final = MappingProxyType(
    {
        "certspotter": _cert_spotter,
        "otx": _passive_dns,
        "hackertarget": _host_search,
        "urlscan": _url_scans,
        "wayback": _archive,
        "anubis": _name_list,
        "threatminer": _threat_miner,
    }
)


class KeylessSource:
    """One service of the table, at the base of its address."""

    def __init__(self, kind: str, base: str, *, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> None:
        self._kind = kind
        self._read: ReadNames = KEYLESS[kind]
        self._base = base.rstrip("/")
        self._retry_delays_s = retry_delays_s

    @property
    def name(self) -> str:
        return self._kind

    async def names(self, domain: str, fetcher: RateLimitedFetcher) -> list[str]:
        async def text(url: str) -> str:
            body = await ask(url, fetcher, retry_delays_s=self._retry_delays_s, max_bytes=MAX_TEXT_BYTES)
            return body.decode("utf-8", "replace")

        async def json(url: str) -> Any:
            return await ask_json(url, fetcher, retry_delays_s=self._retry_delays_s)

        found = await self._read(_Asking(self._base, domain, json, text))
        return await asyncio.to_thread(_each_once, found)  # 50,000 addresses take a fifth of a second


def _each_once(found: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def _list_in(entry: Any, key: str) -> list[Any]:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, list) else []


def _values(entries: Iterable[Any], key: str) -> Iterator[Any]:
    return (entry.get(key) for entry in entries if isinstance(entry, dict))
