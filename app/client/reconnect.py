"""When to come back, and whether at all (protocol.md, section 5). No I/O."""

import ssl
from collections.abc import Callable
from enum import StrEnum
from socket import gaierror
from typing import Final

from app.domain.close_codes import CLOSED_BY_ADMIN, FIRST_STOPPING_CODE, KEY_REVOKED, STOP_REASONS, CloseCode

BASE_S: Final = 0.5
MAX_S: Final = 30.0
STABLE_AFTER_S: Final = 30.0
EXPIRED: Final = "expired_token"
INVALID: Final = "invalid_token"


class CloseAction(StrEnum):
    """What a closed connection asks for."""

    RECONNECT = "reconnect"
    RENEW = "renew"  # reconnect with a new token
    STOP = "stop"


def after_close(code: int, reason: str) -> CloseAction:
    """Decide by close code; `reason` is that of 1008. 1006 stands for a connection that was cut."""
    if code == CloseCode.TOKEN_EXPIRED or (code == CloseCode.POLICY and reason == EXPIRED):
        return CloseAction.RENEW
    if code == CloseCode.POLICY and reason == INVALID:
        return CloseAction.RECONNECT  # the ticket was: too old, or of a server before its restart
    return CloseAction.STOP if code == CloseCode.POLICY or code >= FIRST_STOPPING_CODE else CloseAction.RECONNECT


def after_no_ticket(code: str) -> CloseAction:
    """Decide by the code of a 401: the token got no ticket."""
    return CloseAction.RENEW if code == EXPIRED else CloseAction.STOP


def stop_reason(code: int, reason: str) -> str:
    """Return the stable key for a close code after which the client stops."""
    if code == CloseCode.LOGGED_OUT and reason in (CLOSED_BY_ADMIN, KEY_REVOKED):
        return reason
    return STOP_REASONS.get(code) or reason or "refused"


def trouble_of(error: Exception) -> str:
    """Return the stable key for what the network, or what answers there, did to a connection."""
    match error:
        case TimeoutError():
            return "no_answer"
        case gaierror():
            return "no_such_host"
        case ssl.SSLCertVerificationError():
            return "bad_certificate"
        case ssl.SSLError():
            return "no_tls"
        case ConnectionRefusedError():
            return "refused_there"
        case ConnectionError():
            return "cut"
        case OSError():
            return "no_way"
        case _:
            return "not_ours"


class Backoff:
    """Full jitter: `random(0, min(30 s, 0.5 s * 2^n))`; starts anew after 30 s of stable connection.

    `random` gives 0.0 to 1.0.
    """

    def __init__(self, *, random: Callable[[], float]) -> None:
        self._random = random
        self._tries = 0
        self._advice: tuple[float, float] | None = None  # of `reconnect_advice`, for the next delay only
        self._at_least_s = 0.0  # of `retry_after_ms` or `Retry-After`, for the next delay only

    def advise(self, min_s: float, max_s: float) -> None:
        """Come back within that time, as the server has said."""
        self._advice = (min_s, max(min_s, max_s))

    def hold(self, seconds: float) -> None:
        """Come back not before so many seconds, and not all at once then."""
        self._at_least_s = max(self._at_least_s, seconds)

    def was_connected(self, seconds: float) -> None:
        """Note that the connection that has ended got its welcome, and lived so long."""
        if seconds >= STABLE_AFTER_S:
            self._tries = 0

    def next_delay_s(self) -> float:
        """Return how long to wait before the next try."""
        low, high = self._advice or (0.0, min(MAX_S, BASE_S * 2.0 ** min(self._tries, 16)))
        delay = self._at_least_s + low + (high - low) * self._random()
        self._tries += 1
        self._advice, self._at_least_s = None, 0.0
        return delay
