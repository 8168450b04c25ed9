"""When to come back, and whether at all (protocol.md, section 5). No I/O."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

BASE_S: Final = 0.5
MAX_S: Final = 30.0
STABLE_AFTER_S: Final = 30.0
TOKEN_EXPIRED: Final = 4001
POLICY: Final = 1008
FIRST_STOPPING_CODE: Final = 4500
EXPIRED: Final = "expired_token"
VOID: Final = "invalid_token"
STOP_REASONS: Final = {4500: "logged_out", 4501: "user_disabled", 4503: "connection_limit"}


class Act(StrEnum):
    """What a closed connection asks for."""

    RECONNECT = "reconnect"
    RENEW = "renew"  # reconnect with a new token
    STOP = "stop"


def after_close(code: int, reason: str) -> Act:
    """By close code; `reason` is that of 1008. 1006 stands for a connection that was cut."""
    if code == TOKEN_EXPIRED or (code == POLICY and reason == EXPIRED):
        return Act.RENEW
    if code == POLICY and reason == VOID:
        return Act.RECONNECT  # the ticket was: too old, or of a server before its restart
    return Act.STOP if code == POLICY or code >= FIRST_STOPPING_CODE else Act.RECONNECT


def after_no_ticket(code: str) -> Act:
    """By the code of a 401: the token got no ticket."""
    return Act.RENEW if code == EXPIRED else Act.STOP


def stop_reason(code: int, reason: str) -> str:
    """The stable key for a close code after which the client stops."""
    return STOP_REASONS.get(code) or reason or "refused"


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
        """The server has said in which time to come back."""
        self._advice = (min_s, max(min_s, max_s))

    def hold(self, seconds: float) -> None:
        """Not before so many seconds, and not all at once then."""
        self._at_least_s = max(self._at_least_s, seconds)

    def was_connected(self, seconds: float) -> None:
        """The connection that has ended was greeted, and lived so long."""
        if seconds >= STABLE_AFTER_S:
            self._tries = 0

    def next_delay_s(self) -> float:
        """How long to wait before the next try."""
        low, high = self._advice or (0.0, min(MAX_S, BASE_S * 2.0 ** min(self._tries, 16)))
        delay = self._at_least_s + low + (high - low) * self._random()
        self._tries += 1
        self._advice, self._at_least_s = None, 0.0
        return delay
