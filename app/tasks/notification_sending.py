"""HTTP for notifications over the engine's network: every address is judged when it is dialled, redirects are answers.

Fulfils `notifications.ports.HttpSender`. What may be reached is what the deployment allows notifications, not scans.
"""

import asyncio
import re
import ssl
from dataclasses import replace
from typing import Final

from app.core.config import Settings
from app.domain.scan_facts import FetchError
from app.engines.model import FetchResult
from app.engines.net.client import HttpClient
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from app.engines.net.tls_contexts import verifying_context
from app.notifications.outcome import FailureCode
from app.notifications.ports import HttpAnswer, HttpRequest
from app.tasks.network_settings import network_config

_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")  # before what the system says
MAX_ANSWER_BYTES: Final = 16_384
TIMEOUT_S: Final = 20.0
_CODES: Final = {
    FetchError.DNS: FailureCode.DNS,
    FetchError.DNS_UNREACHABLE: FailureCode.DNS_UNREACHABLE,
    FetchError.BLOCKED: FailureCode.REFUSED_ADDRESS,
    FetchError.BAD_URL: FailureCode.BAD_URL,
    FetchError.CONNECT: FailureCode.CONNECT,
    FetchError.TLS: FailureCode.TLS,
    FetchError.TIMEOUT: FailureCode.TIMEOUT,
    FetchError.TOO_SLOW: FailureCode.TIMEOUT,
}


class PolicedHttpSender:
    """Made inside or outside the loop; its connections belong to the loop of the first call."""

    def __init__(self, settings: Settings) -> None:
        self._config = replace(
            network_config(settings),
            allow_networks=settings.notification_networks,
            blocked_names=(),
            port_map={},
        )
        self._client: HttpClient | None = None  # this and the next: None before the first call, and after the end
        self._resolver: Resolver | None = None

    async def post(self, request: HttpRequest) -> HttpAnswer:
        if self._client is None:
            tls = await asyncio.to_thread(verifying_context, self._config.ca_file)
            self._client = self._client or self._open(tls)  # another may have been here meanwhile
        result = await self._client.fetch(
            request.url,
            method="POST",
            headers=request.headers,
            body=request.body,
            max_bytes=MAX_ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
            max_redirects=0,
        )
        return _answer(result)

    async def close(self) -> None:
        client, self._client = self._client, None
        resolver, self._resolver = self._resolver, None
        if client is not None:
            await client.close()
        if resolver is not None:
            await resolver.close()

    def _open(self, tls: ssl.SSLContext) -> HttpClient:
        config = self._config
        policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
        self._resolver = Resolver(config=config)
        return HttpClient(config=config, policy=policy, resolver=self._resolver, tls=tls)


def _answer(result: FetchResult) -> HttpAnswer:
    if result.error is not None:
        detail = _ERRNO.sub("", result.error_detail)
        return HttpAnswer(failure=_CODES.get(result.error, FailureCode.PROTOCOL), detail=detail)
    return HttpAnswer(result.status, dict(result.headers), result.body)
