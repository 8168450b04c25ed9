"""Maps exceptions of libraries to reasons of failed fetches."""

import asyncio
import errno
import ssl
import zlib

import aiohttp

from app.domain.scan_facts import DnsOutcome, FetchError
from app.engines.net.body import TooSlow, UnknownCoding
from app.engines.net.http_resolver import NameUnresolved
from app.engines.net.policy import BlockedAddress

# What a connection fails with that never came about; a reset or a closed one has met somebody.
_UNREACHED = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT})
MAX_DETAIL = 300  # characters; a detail may hold bytes of a hostile server

# What a fetch may raise for reasons outside this program. ValueError: yarl, idna and ssl on strange names.
NETWORK_ERRORS = (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError, zlib.error, TooSlow)


def classify_failure(failure: BaseException) -> tuple[FetchError, str]:
    """Return the stable kind and the readable detail of a failure in `NETWORK_ERRORS`."""
    cause = failure.os_error if isinstance(failure, aiohttp.ClientConnectorError) else failure
    return kind_of(failure, cause), printable(str(cause) or type(cause).__name__)


def kind_of(failure: BaseException, cause: BaseException) -> FetchError:
    match failure, cause:
        case _, NameUnresolved() if cause.answer.outcome is DnsOutcome.BLOCKED:
            return FetchError.BLOCKED
        case _, NameUnresolved():
            return FetchError.DNS_UNREACHABLE if cause.unreachable else FetchError.DNS
        case _, OSError() if is_blocked(cause):
            return FetchError.BLOCKED
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError(), _:
            return FetchError.TLS
        case TooSlow(), _:
            return FetchError.TOO_SLOW
        case asyncio.TimeoutError(), _:
            return FetchError.TIMEOUT
        case aiohttp.InvalidURL(), _:
            return FetchError.BAD_URL
        case ((aiohttp.ClientPayloadError() | aiohttp.ClientResponseError() | zlib.error() | UnknownCoding()), _):
            return FetchError.PROTOCOL
        case ((aiohttp.ClientConnectionError() | OSError()), _):
            return FetchError.CONNECT
        case ValueError(), _:
            return FetchError.BAD_URL
        case _:
            return FetchError.PROTOCOL


def is_unreached(failure: BaseException) -> bool:
    """Whether nobody took the connection: what holds then for every name of the address, on that port."""
    if isinstance(failure, aiohttp.ConnectionTimeoutError):
        return True
    if not isinstance(failure, aiohttp.ClientConnectorError) or isinstance(failure.os_error, NameUnresolved):
        return False
    return failure.os_error.errno in _UNREACHED


def is_blocked(failure: OSError) -> bool:
    """Whether the policy refused, also when happy eyeballs made one OSError of several refusals."""
    return isinstance(failure, BlockedAddress) or (failure.errno == errno.EACCES and "address policy" in str(failure))


def printable(text: str) -> str:
    """Make the text short and one line: parts of it may come from the other side."""
    return "".join(char if char.isprintable() else " " for char in text[:MAX_DETAIL])
