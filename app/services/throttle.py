"""Makes guessing passwords slow without helping anybody to lock others out.

Sign-ins are counted twice. By address: a rate, whoever is meant; the networks around it (/56 and /48, or /24 of IPv4)
have a wider rate, which is only for those who are not known there. By account: after a few failures each further try
must wait, twice as long as the one before, up to a limit; whether the account exists makes no difference.

An account's counter is shared by all addresses from which its user never signed in. Each address that is known has a
counter of its own, so a stranger who keeps guessing locks out other strangers, and never for longer than
`login_max_delay_s` at a time; sessions that are open are not touched at all. In memory: a restart forgives everybody.

Refused refresh tokens are counted by address too, and each session has a rate of refreshes: a good token of another
session is never refused for what its neighbours do.
"""

from typing import Final

from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import LimitReached
from app.core.limits import GrowingDelays, KeyedBuckets, network_of, wider_networks_of

WIDER: Final = 8  # so many addresses' rates for the networks around one: a street may sign in, a rented /48 may not
REFRESH_BURST: Final = 10  # of one session; a client needs one an hour
REFRESHES_PER_S: Final = 0.2
_NUL: Final = "\0"  # nobody can type it


class Throttle:
    """One per process."""

    def __init__(self, *, settings: Settings, clock: Clock) -> None:
        burst, per_s = settings.login_burst_per_address, settings.logins_per_minute_per_address / 60
        self._clock = clock
        self._places = KeyedBuckets(burst=burst, per_s=per_s)
        self._wider = KeyedBuckets(burst=burst * WIDER, per_s=per_s * WIDER)
        self._refusals = KeyedBuckets(burst=burst, per_s=per_s)
        self._refreshes = KeyedBuckets(burst=REFRESH_BURST, per_s=REFRESHES_PER_S)
        self._accounts = _delays(settings)
        self._known = _delays(
            settings
        )  # at addresses that an account knows, and of who is signed in: out of reach for strangers

    def admit_place(self, address: str | None) -> None:
        """Counts one sign-in from there. Raises LimitReached."""
        _take(self._places, network_of(address), self._clock.monotonic())

    def admit_stranger(self, address: str | None) -> None:
        """Counts one sign-in into an account that does not know the address. Raises LimitReached."""
        for network in wider_networks_of(address):
            _take(self._wider, network, self._clock.monotonic())

    def admit_refresh(self, session_id: str) -> None:
        """Counts one use of a refresh token of this session. Raises LimitReached."""
        _take(self._refreshes, session_id, self._clock.monotonic())

    def refuse_token(self, address: str | None) -> None:
        """Counts one refresh token that nobody of ours has signed. Raises LimitReached."""
        _take(self._refusals, network_of(address), self._clock.monotonic())

    def begin(self, account: str, place: str | None = None) -> str:
        """Counts one try for the account and returns its key. `place`, a network as `core.limits.network_of` writes it,
        is given when it is known to the account.

        `account` is what somebody typed, or an id behind a NUL, which nobody can type (`schemas.common.Text`).
        Raises LimitReached; the try then counts for nothing.
        """
        key = account.lower() if place is None else f"{account.lower()}{_NUL}{place}"
        wait_s = self._delays_of(key).begin(key, self._clock.monotonic())
        if wait_s > 0:
            raise _too_many(wait_s)
        return key

    def succeed(self, key: str) -> None:
        """The password was right: all tries under this key are forgotten."""
        self._delays_of(key).succeed(key)

    def withdraw(self, key: str) -> None:
        """Whether the password was right was never found out."""
        self._delays_of(key).withdraw(key, self._clock.monotonic())

    def _delays_of(self, key: str) -> GrowingDelays:
        return self._known if _NUL in key else self._accounts


def _delays(settings: Settings) -> GrowingDelays:
    return GrowingDelays(
        free=settings.login_free_failures, first_s=settings.login_delay_s, longest_s=settings.login_max_delay_s
    )


def _take(buckets: KeyedBuckets, key: str, now: float) -> None:
    if not buckets.take(key, now):
        raise _too_many(buckets.wait_s(key))


def _too_many(wait_s: float) -> LimitReached:
    return LimitReached("Too many attempts; try again later.", retry_after_s=wait_s)
