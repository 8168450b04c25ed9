"""Slows down the guessing of passwords without letting anybody lock others out.

Sign-ins are counted twice. By address: a rate for all names; the networks around it (/56 and /48, or /24 of IPv4)
have a wider rate, which is only for those who are not known there. By account: after a few failures each further try
must wait, twice as long as the one before, up to a limit; whether the account exists makes no difference.

An account's counter is shared by all addresses from which its user never signed in. Each address that is known has a
counter of its own, so a stranger who keeps guessing locks out other strangers, and never for longer than
`login_max_delay_s` at a time; sessions that are open are not touched at all.

Refused refresh tokens are counted by address too, and each session has a rate of refreshes: a good token of another
session is never refused for what others of its network do. Where all of it is counted: `identity.sign_in_counters`.
"""

from collections.abc import Sequence
from typing import Final

from app.core.config import Settings
from app.core.errors import LimitReached
from app.core.limits import GrowingDelay, network_of, wider_networks_of
from app.identity.sign_in_counters import OUT_OF_REACH, Rate, SignInCounters

WIDER: Final = 8  # so many addresses' rates for the networks around one: a street may sign in, a rented /48 may not
REFRESH_BURST: Final = 10  # of one session; a client needs one an hour
REFRESHES_PER_S: Final = 0.2


class LoginThrottle:
    """What is counted, by which key. Every method raises DatabaseUnavailable where a database counts."""

    def __init__(self, *, settings: Settings, counters: SignInCounters) -> None:
        burst, per_s = settings.login_burst_per_address, settings.logins_per_minute_per_address / 60
        self._counters = counters
        self._addresses = Rate("address", burst, per_s)
        self._wider = Rate("wider", burst * WIDER, per_s * WIDER)
        self._bad_tokens = Rate("bad token", burst, per_s)
        self._refreshes = Rate("refresh", REFRESH_BURST, REFRESHES_PER_S)

    async def admit_address(self, address: str | None) -> None:
        """Counts one sign-in from there. Raises LimitReached."""
        await self._take(self._addresses, [network_of(address)])

    async def admit_unknown_address(self, address: str | None) -> None:
        """Counts one sign-in into an account that does not know the address. Raises LimitReached."""
        await self._take(self._wider, wider_networks_of(address))

    async def admit_refresh(self, session_id: str) -> None:
        """Counts one use of a refresh token of this session. Raises LimitReached."""
        await self._take(self._refreshes, [session_id])

    async def admit_bad_token(self, address: str | None) -> None:
        """Counts one refresh token that was not signed by us. Raises LimitReached."""
        await self._take(self._bad_tokens, [network_of(address)])

    async def begin(self, account: str, network: str | None = None) -> str:
        """Counts one try for the account and returns its key. `network` (as `core.limits.network_of` writes it) is
        given when it is known to the account.

        `account` is what somebody typed, or an id behind a NUL, which nobody can type (`rest.schemas.Text`).
        Raises LimitReached; the try then counts for nothing.
        """
        key = account.lower() if network is None else f"{account.lower()}{OUT_OF_REACH}{network}"
        _refuse(await self._counters.begin(key))
        return key

    async def succeed(self, key: str) -> None:
        """The password was right: all tries under this key are forgotten."""
        await self._counters.succeed(key)

    async def withdraw(self, key: str) -> None:
        """Whether the password was right was never found out."""
        await self._counters.withdraw(key)

    async def _take(self, rate: Rate, keys: Sequence[str]) -> None:
        _refuse(await self._counters.take(rate, keys))


def delay_of(settings: Settings) -> GrowingDelay:
    """Return how the delay of an account grows."""
    return GrowingDelay(
        free=settings.login_free_failures, first_s=settings.login_delay_s, longest_s=settings.login_max_delay_s
    )


def _refuse(wait_s: float) -> None:
    if wait_s > 0:
        raise LimitReached(text="too_many_attempts", retry_after_s=wait_s)
