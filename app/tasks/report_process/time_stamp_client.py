"""Reaches the time-stamp authority of the deployment over HTTP (RFC 3161, section 3.4).

Its address is the administrator's, as that of the language model is: the address policy of scans does not apply. What
it sends is a stranger's all the same: bounded in time and size, and no redirect is followed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from cryptography.x509 import Certificate

from app.core.config import Settings
from app.core.data_folder import TIME_STAMPS_FOLDER
from app.core.root_certificates import read_root_certificates
from app.core.setting_files import UnusableFile
from app.domain.scan_facts import FetchError
from app.engines.model import FetchResult, NetworkConfig
from app.engines.net.client import HttpClient
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp, TimeStamp
from app.reports.kept_time_stamps import KeptTimeStamps
from app.reports.time_stamping import time_stamp, verify_kept
from app.tasks.network_settings import network_config

TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 << 10  # a token with a chain of certificates takes 6 KiB
EVERYWHERE: Final = ("0.0.0.0/0", "::/0")
HEADERS: Final = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
log = structlog.get_logger(__name__)
_OK: Final = 200
_SLOW: Final = frozenset({FetchError.TIMEOUT, FetchError.TOO_SLOW})


def stamp_by_settings(settings: Settings, data: bytes, *, timeout_s: float = TIMEOUT_S) -> TimeStamp:
    """Return the time stamp of these bytes from the authority of the settings, the one that was kept if there is one
    that still can be verified. Blocking, on no event loop.

    Raises:
        NoTimeStamp: there is none.
    """
    assert settings.report_timestamp_url is not None
    path = settings.report_timestamp_ca_file
    try:
        roots = [] if path is None else read_root_certificates(path)
    except UnusableFile as error:
        raise NoTimeStamp(NoStampReason.NO_ROOTS, cause=error.code) from error
    kept = KeptTimeStamps(settings.data_dir / TIME_STAMPS_FOLDER, authority_url=settings.report_timestamp_url)
    if (known := _kept(kept, data, roots)) is not None:
        return known
    config = replace(network_config(settings), allow_networks=EVERYWHERE, blocked_names=(), port_map={})
    ask = partial(ask_authority, settings.report_timestamp_url, config=config, timeout_s=timeout_s)
    made = time_stamp(data, ask=ask, roots=roots)
    kept.keep(data, made.response)
    return made


def _kept(kept: KeptTimeStamps, data: bytes, roots: Sequence[Certificate]) -> TimeStamp | None:
    """Return None if nothing was kept, or what cannot be verified any more: the roots are others, or it is damaged."""
    response = kept.find(data)
    if response is None:
        return None
    try:
        return verify_kept(response, data, roots=roots)
    except NoTimeStamp as failure:
        log.warning("time_stamp_not_used_again", reason=str(failure), cause=failure.cause)
        return None


def ask_authority(url: str, request: bytes, *, config: NetworkConfig, timeout_s: float) -> bytes:
    """Return the authority's answer to the request. Blocking, on no event loop. Raises NoTimeStamp."""
    try:
        result = asyncio.run(_post(url, request, config, timeout_s))
    except OSError as error:  # not the network's: a file of certificates that is gone, or no descriptor is left
        raise NoTimeStamp(NoStampReason.UNREACHABLE, cause=type(error).__name__) from error
    if result.error is not None:
        raise _failure(result.error, result.error_detail, timeout_s)
    if result.status != _OK:
        raise NoTimeStamp(NoStampReason.HTTP_STATUS, status=result.status)
    if result.truncated:
        raise NoTimeStamp(NoStampReason.TOO_LARGE, most=MAX_ANSWER_BYTES >> 10)
    return result.body


async def _post(url: str, request: bytes, config: NetworkConfig, timeout_s: float) -> FetchResult:
    policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=())
    resolver = Resolver(config=config)
    try:
        async with HttpClient(config=config, policy=policy, resolver=resolver) as client:
            return await client.fetch(
                url,
                method="POST",
                headers=HEADERS,
                body=request,
                max_bytes=MAX_ANSWER_BYTES,
                timeout_s=timeout_s,
                max_redirects=0,
            )
    finally:
        await resolver.close()


def _failure(error: FetchError, detail: str, timeout_s: float) -> NoTimeStamp:
    if error in _SLOW:
        return NoTimeStamp(NoStampReason.TIMEOUT, cause=detail, seconds=f"{timeout_s:g}")
    return NoTimeStamp(NoStampReason.UNREACHABLE, cause=f"{error.value}: {detail}")
