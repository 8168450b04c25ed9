"""Rates, strikes and growing delays: small, synchronous, with the time handed in."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from ipaddress import IPv6Address, ip_address, ip_network
from math import inf
from typing import Final

_MAX_DOUBLINGS: Final = 40  # beyond any bound of a setting
_SITE_PREFIX: Final = 64  # bits; one customer has at least that much of IPv6 (RFC 6177)
# What one customer may have: a home gets a /56, a site or a rented machine a /48 (RFC 6177, BCP 157).
_WIDE_PREFIXES: Final = (56, 48)
_WIDE_IPV4_PREFIX: Final = 24  # the longest that is routed by itself, so the least that one who owns any has


@lru_cache(maxsize=4_096)
def network_of(address: str | None) -> str:
    """Return the network that counts as one client in limits: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), _SITE_PREFIX), strict=False))


@lru_cache(maxsize=4_096)
def wider_networks_of(address: str | None) -> tuple[str, ...]:
    """Return the surrounding networks that may have one owner, the widest last: /56 and /48, or /24 of IPv4."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return ()
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return tuple(str(ip_network((int(parsed), prefix), strict=False)) for prefix in _WIDE_PREFIXES)
        parsed = parsed.ipv4_mapped
    return (str(ip_network((int(parsed), _WIDE_IPV4_PREFIX), strict=False)),)


class TokenBucket:
    """At most `burst` at once, then `per_s` a second."""

    __slots__ = ("_at", "_burst", "_per_s", "_tokens")

    def __init__(self, *, burst: float, per_s: float, tokens: float | None = None, at: float | None = None) -> None:
        """`tokens` at the time `at`: of a bucket that was kept elsewhere; without them it is full."""
        self._burst = burst
        self._per_s = per_s
        self._tokens = burst if tokens is None else tokens
        self._at = at  # when the tokens were counted last; None before the first call

    @property
    def tokens(self) -> float:
        """Return the number of tokens left at the last `take`."""
        return self._tokens

    def take(self, now: float, amount: float = 1) -> bool:
        """Return whether `amount` tokens are available at `now` (monotonic seconds); takes all of them, or none.

        Nobody waits for more than a burst: a larger amount takes a full one.
        """
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        amount = min(amount, self._burst)
        if self._tokens < amount:
            return False
        self._tokens -= amount
        return True

    def wait_s(self, amount: float = 1) -> float:
        """Return the seconds until `amount` tokens are available, as of the last `take`."""
        return max(0.0, (min(amount, self._burst) - self._tokens) / self._per_s)

    def is_full(self, now: float) -> bool:
        """Return whether the bucket is full again and can be deleted."""
        return self._at is None or self._tokens + (now - self._at) * self._per_s >= self._burst


class DebtTokenBucket:
    """An average of `per_s` after a `burst`, for amounts of any size: a large one is paid for by waiting afterwards."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, *, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = burst  # below 0: owed
        self._at: float | None = None  # when `_left` was counted last; None before the first call

    def spend(self, amount: float, now: float) -> None:
        """So much left at `now` (monotonic seconds)."""
        self._earn(now)
        self._left -= amount

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next is allowed; 0.0: now."""
        self._earn(now)
        return max(0.0, -self._left / self._per_s)

    def _earn(self, now: float) -> None:
        if self._at is not None:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now


class KeyedTokenBuckets:
    """One bucket per key, forgotten when full again. At most `max_keys`: beyond it the oldest key is forgotten."""

    def __init__(self, *, burst: float, per_s: float, max_keys: int = 10_000) -> None:
        self._burst = burst
        self._per_s = per_s
        self._max_keys = max_keys
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: str, now: float) -> bool:
        bucket = self._buckets.pop(key, None) or TokenBucket(burst=self._burst, per_s=self._per_s)
        self._buckets[key] = bucket  # the newest is last
        taken = bucket.take(now)
        if len(self._buckets) > self._max_keys:
            self._forget(now)
        return taken

    def wait_s(self, key: str) -> float:
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait_s()

    def _forget(self, now: float) -> None:
        """Delete a tenth of the keys at once, because the selection looks at all of them."""
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
        while len(self._buckets) > self._max_keys - self._max_keys // 10:
            del self._buckets[next(iter(self._buckets))]


class Strikes:
    """Counts offences within a sliding window."""

    __slots__ = ("_limit", "_times", "_window_s")

    def __init__(self, *, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: deque[float] = deque()

    def add(self, now: float) -> bool:
        """Count one more at `now`; return whether this reaches the limit."""
        while self._times and now - self._times[0] > self._window_s:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) >= self._limit


@dataclass(slots=True)
class Tries:
    """Number of tries, and the time of the next permitted try (in the caller's seconds)."""

    count: int = 0
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingDelay:
    """`free` tries as they come, then a wait of `first_s` that doubles with each, at most `longest_s`.

    A try counts when it begins, so that many at once gain nothing. One that is refused counts for nothing and prolongs
    nothing. Each `longest_s` without a try takes one back.
    """

    free: int
    first_s: float
    longest_s: float

    def begin(self, tries: Tries, now: float) -> float:
        """0.0: the try may go on, and is counted. Else the seconds to wait."""
        if now < tries.until:
            return tries.until - now
        tries.count = self.left(tries, now) + 1
        tries.until = now + self._delay_s(tries.count)
        return 0.0

    def withdraw(self, tries: Tries, now: float) -> None:
        """Take an attempt back that failed for reasons outside the client."""
        tries.count = max(0, tries.count - 1)
        tries.until = min(tries.until, now)

    def left(self, tries: Tries, now: float) -> int:
        """Tries that time has not taken back."""
        return max(0, tries.count - max(0, int((now - tries.until) / self.longest_s)))

    def _delay_s(self, count: int) -> float:
        beyond = min(count - self.free, _MAX_DOUBLINGS)
        return 0.0 if beyond < 0 else min(self.longest_s, self.first_s * 2.0**beyond)


class KeyedBackoff:
    """A `GrowingDelay` per key; success forgets all tries before it.

    At most `max_keys`: beyond it the keys with the fewest tries are forgotten, but never one that has to wait, or would
    with the next try. While there are only such, all keys that are new share one count.
    """

    def __init__(self, delay: GrowingDelay, *, max_keys: int = 10_000) -> None:
        self._delay = delay
        self._max_keys = max_keys
        self._tries: dict[str, Tries] = {}
        self._others = Tries()  # of all keys for which there is no room
        self._looked_at = -inf  # when room was made last; not more than once a second, for it looks at every key

    def begin(self, key: str, now: float) -> float:
        """0.0: the try may go on, and counts. Else the seconds to wait."""
        return self._delay.begin(self._tries.get(key) or self._place_for(key, now), now)

    def succeed(self, key: str) -> None:
        self._tries.pop(key, None)

    def withdraw(self, key: str, now: float) -> None:
        """Take an attempt back that failed for reasons outside the client."""
        tries = self._tries.get(key)
        if tries is None:
            return
        self._delay.withdraw(tries, now)
        if not tries.count:
            del self._tries[key]

    def _place_for(self, key: str, now: float) -> Tries:
        if len(self._tries) >= self._max_keys and now - self._looked_at >= 1:
            self._looked_at = now
            self._forget(now)
        if len(self._tries) >= self._max_keys:
            return self._others
        self._tries[key] = tries = Tries(until=now)
        return tries

    def _forget(self, now: float) -> None:
        """Delete a tenth of the keys at once, so that it is not done for each key."""
        counts = {key: self._delay.left(tries, now) for key, tries in self._tries.items()}
        low = [key for key, count in counts.items() if count < self._delay.free]
        for key in nsmallest(max(1, self._max_keys // 10), low, key=counts.__getitem__):
            del self._tries[key]
