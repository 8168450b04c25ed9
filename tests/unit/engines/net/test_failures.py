import errno
import ssl
import zlib

import aiohttp
import pytest

from app.domain.scan_facts import DnsAnswer, DnsOutcome, FetchError
from app.engines.net.body import TooSlow, UnknownCoding
from app.engines.net.failures import MAX_DETAIL, NETWORK_ERRORS, classify_failure, is_unreached, printable
from app.engines.net.http_resolver import NameUnresolved
from app.engines.net.policy import BlockedAddress


def connector_error(cause, kind=aiohttp.ClientConnectorError):
    key = aiohttp.client_reqrep.ConnectionKey("a.test", 443, True, True, None, None, None)
    return kind(key, cause)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (connector_error(NameUnresolved(DnsAnswer("a.test", DnsOutcome.NXDOMAIN))), FetchError.DNS),
        (
            connector_error(NameUnresolved(DnsAnswer("a.test", DnsOutcome.UNREACHABLE))),
            FetchError.DNS_UNREACHABLE,
        ),
        (connector_error(NameUnresolved(DnsAnswer("a.test", DnsOutcome.BLOCKED))), FetchError.BLOCKED),
        (BlockedAddress("127.0.0.1", 80, "loopback"), FetchError.BLOCKED),
        (connector_error(BlockedAddress("127.0.0.1", 80, "loopback")), FetchError.BLOCKED),
        (connector_error(OSError(errno.EACCES, "Multiple exceptions: address policy refuses")), FetchError.BLOCKED),
        (connector_error(OSError(errno.EACCES, "a firewall")), FetchError.CONNECT),
        (connector_error(OSError(errno.ECONNREFUSED, "refused")), FetchError.CONNECT),
        (connector_error(ssl.SSLError(1, "alert"), aiohttp.ClientConnectorSSLError), FetchError.TLS),
        (ssl.SSLError(1, "alert"), FetchError.TLS),
        (TooSlow("2 bytes"), FetchError.TOO_SLOW),
        (TimeoutError(), FetchError.TIMEOUT),
        (aiohttp.InvalidURL("x"), FetchError.BAD_URL),
        (ValueError("label too long"), FetchError.BAD_URL),
        (aiohttp.ClientPayloadError("cut"), FetchError.PROTOCOL),
        (zlib.error("broken"), FetchError.PROTOCOL),
        (UnknownCoding("br"), FetchError.PROTOCOL),
        (aiohttp.ServerDisconnectedError(), FetchError.CONNECT),
        (ConnectionResetError(), FetchError.CONNECT),
        (aiohttp.ClientError(), FetchError.PROTOCOL),
    ],
)
def test_every_failure_has_a_stable_kind_and_a_detail(failure, error):
    assert isinstance(failure, NETWORK_ERRORS)
    kind, detail = classify_failure(failure)
    assert kind is error
    assert detail


def test_a_detail_is_short_and_on_one_line_whatever_the_other_side_sent():
    assert printable("a\r\nb\x1b[0m\u2028c") == "a  b [0m c"
    assert len(printable("x" * 10_000)) == MAX_DETAIL


@pytest.mark.parametrize(
    ("failure", "unreached"),
    [
        (connector_error(OSError(errno.ECONNREFUSED, "refused")), True),
        (connector_error(OSError(errno.EHOSTUNREACH, "no route")), True),
        (aiohttp.ConnectionTimeoutError("no SYN-ACK"), True),
        (connector_error(OSError(errno.ECONNRESET, "in the handshake")), False),
        (connector_error(ssl.SSLError(1, "alert"), aiohttp.ClientConnectorSSLError), False),
        (connector_error(BlockedAddress("127.0.0.1", 80, "loopback")), False),
        (connector_error(NameUnresolved(DnsAnswer("a.test", DnsOutcome.NXDOMAIN))), False),
        (aiohttp.ServerDisconnectedError(), False),
        (TimeoutError(), False),
    ],
)
def test_only_a_connection_that_nobody_took_says_something_of_the_address(failure, unreached):
    assert is_unreached(failure) is unreached
