"""Gets a list as it is: over HTTP under the address policy, or from a file. Bounded in bytes and time."""

import asyncio
import errno
import os
import stat
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from app.domain.reputation_lists import MAX_LIST_BYTES, ListFault
from app.domain.scan_facts import FetchError
from app.engines.model import FetchResult, NetworkConfig
from app.engines.net.body import MinimumSpeed
from app.engines.net.client import HttpClient
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from app.engines.urls import origin_of

TIMEOUT_S: Final = 120.0  # for everything together
MAX_REDIRECTS: Final = 5
SPEED: Final = MinimumSpeed(bytes_per_s=1_024, window_s=10.0)
STEP: Final = 1 << 20
_OK, _NOT_MODIFIED = 200, 304
_MAX_ETAG: Final = 500
_MAX_DATE: Final = 100
_FAULTS: Final = MappingProxyType(
    {
        FetchError.BLOCKED: ListFault.ADDRESS_REFUSED,
        FetchError.TIMEOUT: ListFault.TIMEOUT,
        FetchError.TOO_SLOW: ListFault.TIMEOUT,
    }
)


class SourceFailed(Exception):
    """No list came. `detail` says more in no language."""

    def __init__(self, fault: ListFault, detail: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.detail = detail


class Gotten(NamedTuple):
    """What the source says of the list that was written. `date` is ISO, "" unknown."""

    etag: str = ""
    last_modified: str = ""
    date: str = ""


class ListFetcher:
    """Asks URLs. Limits are for tests to lower."""

    def __init__(
        self,
        config: NetworkConfig,
        *,
        max_bytes: int = MAX_LIST_BYTES,
        timeout_s: float = TIMEOUT_S,
        speed: MinimumSpeed = SPEED,
    ) -> None:
        self._config = config
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._speed = speed

    async def fetch(self, url: str, target: Path, *, etag: str, last_modified: str) -> Gotten | None:
        """Write what the URL has to the file. None: it is what the marks stand for, and nothing was written.

        Raises SourceFailed, or OSError for the file.
        """
        headers = {"Accept": "text/plain, text/csv;q=0.9, */*;q=0.1"}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": last_modified} if last_modified else {}
        headers |= _authorization(url)
        config = self._config
        policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
        resolver = Resolver(config=config)
        try:
            async with HttpClient(config=config, policy=policy, resolver=resolver, speed=self._speed) as client:
                answer = await client.fetch(
                    url,
                    headers=headers,
                    max_bytes=self._max_bytes,
                    timeout_s=self._timeout_s,
                    max_redirects=MAX_REDIRECTS,
                    may_follow=lambda target: may_follow(url, target),
                )
        finally:
            await resolver.close()
        if answer.status == _NOT_MODIFIED and answer.error is None and (etag or last_modified):
            return None
        self._check(answer)
        await asyncio.to_thread(target.write_bytes, answer.body)
        modified = _fit(answer.header("last-modified"), _MAX_DATE)
        return Gotten(_fit(answer.header("etag"), _MAX_ETAG), modified, _http_date(modified))

    def _check(self, answer: FetchResult) -> None:
        if answer.error is not None:
            broken = answer.status == _OK and answer.error is FetchError.PROTOCOL
            fault = ListFault.BROKEN_OFF if broken else _FAULTS.get(answer.error, ListFault.UNREACHABLE)
            raise SourceFailed(fault, answer.error.value)
        if answer.status != _OK:
            raise SourceFailed(ListFault.STATUS, str(answer.status))
        if answer.truncated:
            is_large = len(answer.body) >= self._max_bytes
            raise SourceFailed(ListFault.TOO_LARGE if is_large else ListFault.BOMB, str(self._max_bytes))


def _authorization(url: str) -> dict[str, str]:
    """Return what says the user and the password of a URL, which the client leaves out of it."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return {}
    said = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(said.encode()).decode()}"}


def may_follow(url: str, target: str) -> bool:
    """Whether a list may come from where its URL forwards to: nobody on the way may write it when it comes encrypted,
    and a password is for its own server.
    """
    if _authorization(url):
        return origin_of(target) == origin_of(url)
    return not url.startswith("https:") or target.startswith("https:")


def copy_file(path: Path, target: Path, *, max_bytes: int = MAX_LIST_BYTES) -> Gotten:
    """Copy a file that others may write to. Raises SourceFailed, or OSError for the copy."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SourceFailed(ListFault.MISSING) from None
    except OSError as error:
        raise SourceFailed(ListFault.UNREADABLE, errno_name(error)) from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise SourceFailed(ListFault.UNREADABLE)
        _copy(descriptor, target, max_bytes)
        if _mark(os.fstat(descriptor)) != _mark(before):
            raise SourceFailed(ListFault.CHANGING)
    finally:
        os.close(descriptor)
    return Gotten(date=datetime.fromtimestamp(before.st_mtime, UTC).date().isoformat())


def _copy(descriptor: int, target: Path, max_bytes: int) -> None:
    size = 0
    with target.open("wb") as file:
        while piece := _read(descriptor):
            size += len(piece)
            if size > max_bytes:
                raise SourceFailed(ListFault.TOO_LARGE, str(max_bytes))
            file.write(piece)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, STEP)
    except OSError as error:
        raise SourceFailed(ListFault.UNREADABLE, errno_name(error)) from error


def _mark(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def errno_name(error: OSError) -> str:
    """Return the name of its number, such as "ENOSPC"."""
    return errno.errorcode.get(error.errno or 0, "")


def _fit(value: str, most: int) -> str:
    """A mark that was cut would never fit again."""
    return value if len(value) <= most and value.isprintable() else ""


def _http_date(value: str) -> str:
    try:
        return parsedate_to_datetime(value).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
