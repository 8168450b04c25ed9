"""Makes guessing passwords slow without helping anybody to lock others out.

Sign-ins are counted twice. By address: a rate, whoever is meant. By account: after a few failures each further try
must wait, twice as long as the one before, up to a limit; whether the account exists makes no difference.

An account's counter is shared by all addresses from which its user never signed in. Each address that is known has a
counter of its own, so a stranger who keeps guessing locks out other strangers, and never for longer than
`login_max_delay_s` at a time; sessions that are open are not touched at all. In memory: a restart forgives everybody.
"""

from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import LimitReached
from app.core.limits import GrowingDelays, KeyedBuckets


class Throttle:
    """One per process. `place` is a network as `core.limits.network_of` writes it."""

    def __init__(self, *, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._places = KeyedBuckets(
            burst=settings.login_burst_per_address, per_s=settings.logins_per_minute_per_address / 60
        )
        self._accounts = GrowingDelays(
            free=settings.login_free_failures,
            first_s=settings.login_delay_s,
            longest_s=settings.login_max_delay_s,
        )

    def admit_place(self, place: str) -> None:
        """Counts one sign-in from there. Raises LimitReached."""
        if not self._places.take(place, self._clock.monotonic()):
            raise _too_many(self._places.wait_s(place))

    def begin(self, account: str, place: str | None = None) -> str:
        """Counts one try for the account and returns its key. `place` is given when it is known to the account.

        `account` is what somebody typed, or an id behind a NUL, which nobody can type (`schemas.common.Text`).
        Raises LimitReached; the try then counts for nothing.
        """
        key = account.lower() if place is None else f"{account.lower()}\0{place}"
        wait_s = self._accounts.begin(key, self._clock.monotonic())
        if wait_s > 0:
            raise _too_many(wait_s)
        return key

    def succeed(self, key: str) -> None:
        """The password was right: all tries under this key are forgotten."""
        self._accounts.succeed(key)

    def withdraw(self, key: str) -> None:
        """Whether the password was right was never found out."""
        self._accounts.withdraw(key, self._clock.monotonic())


def _too_many(wait_s: float) -> LimitReached:
    return LimitReached("Too many attempts; try again later.", retry_after_s=wait_s)
