"""The port, and (only when asked) the name servers. Without that nothing leaves the machine."""

import http.client
import json
from typing import Any, Final

import dns.exception
import dns.message
import dns.query
import dns.resolver

from app.cli.doctor.result import ENGLISH, CheckResult, degraded, failed, ok
from app.cli.network_options import parse_socket_address
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog
from app.server import open_listener

TIMEOUT_S: Final = 2.0
DNS_PORT: Final = 53
MAX_BODY: Final = 65_536
# Names are as much a resolver's business as its answers are the scanner's: the root is known to all.
QUESTION: Final = (".", "NS")


def check_port(settings: Settings, *, texts: MessageCatalog = ENGLISH) -> CheckResult:
    """Tell whether the port is free, or one of our servers answers there."""
    where = f"{settings.host}:{settings.port}"
    if settings.port == 0:
        return ok("port", texts("doctor.port_any"))
    try:
        open_listener(settings).close()
    except ConfigurationError as error:
        health = _ask_health(settings.host, settings.port)
        if health is None:
            return failed("port", error.text_in(texts.language), texts("doctor.port_taken"))
        if health == "unavailable":
            means = texts("doctor.port_unready_means")
            return failed("port", texts("doctor.port_unready", where=where), means)
        return ok("port", texts("doctor.port_answers", where=where, health=health), texts("doctor.port_runs"))
    return ok("port", texts("doctor.port_free", where=where))


def check_resolvers(
    settings: Settings, *, ask: bool, timeout_s: float = TIMEOUT_S, texts: MessageCatalog = ENGLISH
) -> list[CheckResult]:
    """Return one result about all of them; without `ask` they are only named."""
    try:
        places = _places(settings)
    except dns.exception.DNSException:
        return [failed("resolvers", texts("doctor.resolvers_none"), texts("doctor.resolvers_none_means"))]
    named = ", ".join(_written(place) for place in places)
    if not ask:
        return [ok("resolvers", texts("doctor.resolvers_not_asked", names=named))]
    silent = [place for place in places if not _answers(place, timeout_s)]
    if not silent:
        return [ok("resolvers", texts("doctor.resolvers_answer", names=named))]
    missing = ", ".join(_written(place) for place in silent)
    if len(silent) < len(places):
        said = texts("doctor.resolvers_some", names=missing)
        return [degraded("resolvers", said, texts("doctor.resolvers_some_means"))]
    said = texts("doctor.resolvers_silent", names=missing)
    return [failed("resolvers", said, texts("doctor.resolvers_silent_means"))]


def _places(settings: Settings) -> list[tuple[str, int]]:
    """Return where the name servers are. Raises DNSException where the system has no configuration to read."""
    if not settings.resolvers:
        return [(str(address), DNS_PORT) for address in dns.resolver.Resolver().nameservers]
    return [_place(text) for text in settings.resolvers]


def _place(text: str) -> tuple[str, int]:
    """Return where that name server is; what is no address is asked as it stands, and so found silent."""
    try:
        address, port = parse_socket_address(text)
    except ValueError:
        address, port = text, None
    return address, port or DNS_PORT


def _written(place: tuple[str, int]) -> str:
    address, port = place
    return address if port == DNS_PORT else f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _answers(place: tuple[str, int], timeout_s: float) -> bool:
    """Tell whether anything answers; a refusal counts too."""
    question = dns.message.make_query(*QUESTION)
    try:
        dns.query.udp(question, place[0], timeout=timeout_s, port=place[1])
    except (dns.exception.DNSException, OSError, ValueError):
        return False
    return True


def _ask_health(host: str, port: int) -> str | None:
    """Return `status` of one of our servers; None when it is something else, or nothing that speaks HTTP."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only read
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        answer: Any = json.loads(connection.getresponse().read(MAX_BODY))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    status = answer.get("status") if isinstance(answer, dict) and "checks" in answer else None
    return status if isinstance(status, str) else None
