"""The first look at a server: one that was never there is said at once, and not waited for like one that was lost."""

import ssl
from collections.abc import Mapping
from typing import Final

import aiohttp

from app.cli.terminal import clean
from app.client.errors import ServerUnreachable
from app.core.system_errors import reason_of
from app.domain.certificate_error import describe_certificate_error
from app.domain.messages import MessageCatalog, Text

PATH: Final = "/api/v1/auth/me"  # answered without a token too, by a refusal of ours
TIMEOUT_S: Final = 15.0
MAX_BODY: Final = 65_536


async def check_server(url: str, texts: MessageCatalog) -> None:
    """Return when one of our servers answers at this address. Raises ServerUnreachable, which says why not."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http:
            reason = await _look(http, url.rstrip("/") + PATH)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _unreachable(url, _reason_of(error, texts), texts) from error
    if reason is not None:
        raise _unreachable(url, texts(reason), texts)


async def _look(http: aiohttp.ClientSession, address: str) -> str | None:
    """Return None for one of ours, else the key of what is wrong."""
    async with http.get(address, allow_redirects=False) as response:
        body = await response.content.read(MAX_BODY)
        if response.status in (502, 504) and not _is_problem(response.headers):
            return "cli.behind_proxy"
        return None if _is_problem(response.headers) and b'"code"' in body else "cli.not_ours"


def _is_problem(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").startswith("application/problem+json")


def _reason_of(error: Exception, texts: MessageCatalog) -> Text:
    """Return what went wrong."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return texts("cli.no_such_host")
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as wrong):
            reason = describe_certificate_error(clean(wrong.verify_message), texts)
            return texts("cli.bad_certificate", reason=reason)
        case aiohttp.ClientSSLError():
            return texts("cli.no_tls")
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return texts("cli.refused")
        case TimeoutError():
            return texts("cli.no_answer")
        case aiohttp.ClientConnectorError(os_error=OSError() as refused):
            return texts("cli.no_way", reason=texts.adopt(reason_of(refused)))
        case _:  # what answers speaks no HTTP, or hangs up
            return texts("cli.not_ours")


def _unreachable(url: str, reason: str, texts: MessageCatalog) -> ServerUnreachable:
    return ServerUnreachable(texts("cli.not_connected", url=clean(url), reason=reason), code="unreachable")
