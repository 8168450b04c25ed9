"""The port, and (only when asked) the name servers. Without that nothing leaves the machine."""

import http.client
import json
from typing import Any, Final

import dns.exception
import dns.message
import dns.query
import dns.resolver

from app.cli.doctor.finding import Finding, bad, less, ok
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.server import open_listener

TIMEOUT_S: Final = 2.0
DNS_PORT: Final = 53
MAX_BODY: Final = 65_536
# Names are as much a resolver's business as its answers are the scanner's: the root is known to all.
QUESTION: Final = (".", "NS")


def check_port(settings: Settings) -> Finding:
    """Free, or a server of ours answers there."""
    where = f"{settings.host}:{settings.port}"
    if settings.port == 0:
        return ok("port", "any that is free")
    try:
        open_listener(settings).close()
    except ConfigurationError as error:
        health = _ask_health(settings.host, settings.port)
        if health is None:
            return bad("port", error.message, "`serve` does not start there.")
        if health == "unavailable":
            means = "A server runs there and cannot serve: GET /readyz says which part is away."
            return bad("port", f"{where} answers, not ready", means)
        return ok("port", f"{where} answers, {health}", "A server runs there already.")
    return ok("port", f"{where} is free")


def check_resolvers(settings: Settings, *, ask: bool, timeout_s: float = TIMEOUT_S) -> list[Finding]:
    """One finding for each; without `ask` they are only named."""
    try:
        places = _places(settings)
    except dns.exception.DNSException:
        means = "Scans find no names; addresses in COMPLIANCE_STATIC_HOSTS still work. Set COMPLIANCE_RESOLVERS."
        return [bad("resolvers", "the system names none", means)]
    named = ", ".join(_written(place) for place in places)
    if not ask:
        return [ok("resolvers", f"{named} (not asked; --network asks)")]
    silent = [place for place in places if not _answers(place, timeout_s)]
    if not silent:
        return [ok("resolvers", f"{named}: all answer")]
    missing = ", ".join(_written(place) for place in silent)
    if len(silent) < len(places):
        return [less("resolvers", f"{missing} does not answer", "The others do; each look-up may take seconds longer.")]
    means = "A scan finds no names, says so once as `partial`, and calls nothing dead because of it."
    return [bad("resolvers", f"{missing}: no answer", means)]


def _places(settings: Settings) -> list[tuple[str, int]]:
    """Raises DNSException where the system has no configuration to read."""
    if not settings.resolvers:
        return [(str(address), DNS_PORT) for address in dns.resolver.Resolver().nameservers]
    return [_place(text) for text in settings.resolvers]


def _place(text: str) -> tuple[str, int]:
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return address, int(port.lstrip(":") or DNS_PORT)
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, int(port)
    return text, DNS_PORT


def _written(place: tuple[str, int]) -> str:
    address, port = place
    return address if port == DNS_PORT else f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _answers(place: tuple[str, int], timeout_s: float) -> bool:
    """Any answer counts, a refusal too: it is there."""
    question = dns.message.make_query(*QUESTION)
    try:
        dns.query.udp(question, place[0], timeout=timeout_s, port=place[1])
    except (dns.exception.DNSException, OSError, ValueError):
        return False
    return True


def _ask_health(host: str, port: int) -> str | None:
    """`status` of a server of ours; None when it is something else, or nothing that speaks HTTP."""
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
