"""Where sign-ins are counted: in the one process that there is, or in the database that several servers share.

In the database, not in Redis: signing in needs the database anyway, and goes on when Redis is away with every limit as
it was. Its own clock tells the time, whatever the servers' clocks say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.limits import GrowingDelay, KeyedBackoff, KeyedTokenBuckets, TokenBucket, Tries
from app.identity.queries import sign_in_counters

OUT_OF_REACH: Final = "\0"  # nobody can type it: strangers cannot make keys that hold one
FORGET_EVERY_S: Final = 60.0
FORGET_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_s` a second, of each key. `name`: what is counted."""

    name: str
    burst: float
    per_s: float


class SignInCounters(Protocol):
    """Rates, and delays that grow with each try. Raises DatabaseUnavailable where a database counts."""

    async def take(self, rate: Rate, keys: Sequence[str]) -> float:
        """Count one for each key, in this order, until one is refused. Seconds to wait; 0.0: none was refused."""
        ...

    async def begin(self, key: str) -> float:
        """Count a try. Seconds to wait, and then the try is not counted; 0.0: it may go on."""
        ...

    async def succeed(self, key: str) -> None:
        """Forget all tries of the key."""
        ...

    async def withdraw(self, key: str) -> None:
        """The try came to nothing through no fault of the one who tried."""
        ...


class MemoryCounters:
    """Fulfils `SignInCounters` for one process. A restart forgives everybody."""

    def __init__(self, delay: GrowingDelay, *, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Rate, KeyedTokenBuckets] = {}
        self._typed = KeyedBackoff(delay)
        self._out_of_reach = KeyedBackoff(delay)  # what strangers type takes no place from these

    async def take(self, rate: Rate, keys: Sequence[str]) -> float:
        if rate not in self._buckets:
            self._buckets[rate] = KeyedTokenBuckets(burst=rate.burst, per_s=rate.per_s)
        buckets, now = self._buckets[rate], self._clock.monotonic()
        refused = next((key for key in keys if not buckets.take(key, now)), None)
        return 0.0 if refused is None else buckets.wait_s(refused)

    async def begin(self, key: str) -> float:
        return self._delays_of(key).begin(key, self._clock.monotonic())

    async def succeed(self, key: str) -> None:
        self._delays_of(key).succeed(key)

    async def withdraw(self, key: str) -> None:
        self._delays_of(key).withdraw(key, self._clock.monotonic())

    def _delays_of(self, key: str) -> KeyedBackoff:
        return self._out_of_reach if OUT_OF_REACH in key else self._typed


class SharedCounters:
    """Fulfils `SignInCounters` for several servers with one database.

    A row lives until it means nothing any more. How many there are is bounded by what makes them: a rate's by the
    requests of a burst's time, a delay's by the passwords that can be checked, for a try whose password nobody looked
    at is withdrawn. What one process alone would refuse never reaches the database.
    """

    def __init__(self, delay: GrowingDelay, *, db: Database, clock: Clock) -> None:
        self._delay = delay
        self._db = db
        self._clock = clock
        self._own = MemoryCounters(delay, clock=clock)  # of rates alone
        self._forgot_at = clock.monotonic()

    async def take(self, rate: Rate, keys: Sequence[str]) -> float:
        wait_s = await self._own.take(rate, keys)
        if wait_s:
            return wait_s
        await self._forget()
        digests = [_digest(rate.name, key) for key in keys]
        return await self._db.write(lambda connection: _take(connection, rate, digests))

    async def begin(self, key: str) -> float:
        digest = _digest("delay", key)
        return await self._db.write(lambda connection: self._begin(connection, digest))

    async def succeed(self, key: str) -> None:
        digest = _digest("delay", key)
        await self._db.write(lambda connection: sign_in_counters.remove(connection, digest))

    async def withdraw(self, key: str) -> None:
        digest = _digest("delay", key)
        await self._db.write(lambda connection: self._withdraw(connection, digest))

    def _begin(self, connection: Connection, digest: str) -> float:
        found = sign_in_counters.find(connection, digest)
        tries = Tries() if found is None else Tries(int(found.amount), found.at_s)
        wait_s = self._delay.begin(tries, 0.0)
        if not wait_s:
            self._keep(connection, digest, tries, is_new=found is None)
        return wait_s

    def _withdraw(self, connection: Connection, digest: str) -> None:
        found = sign_in_counters.find(connection, digest)
        if found is None:
            return
        tries = Tries(int(found.amount), found.at_s)
        self._delay.withdraw(tries, 0.0)
        if tries.count:
            self._keep(connection, digest, tries, is_new=False)
        else:
            sign_in_counters.remove(connection, digest)

    def _keep(self, connection: Connection, digest: str, tries: Tries, *, is_new: bool) -> None:
        ends_s = tries.until + tries.count * self._delay.longest_s
        sign_in_counters.keep(connection, digest, tries.count, at_s=tries.until, ends_s=ends_s, is_new=is_new)

    async def _forget(self) -> None:
        now = self._clock.monotonic()
        if now - self._forgot_at >= FORGET_EVERY_S:
            self._forgot_at = now
            await self._db.write(lambda connection: sign_in_counters.forget_ended(connection, limit=FORGET_ROWS))


def _take(connection: Connection, rate: Rate, digests: Sequence[str]) -> float:
    for digest in digests:
        found = sign_in_counters.find(connection, digest)
        bucket = TokenBucket(
            burst=rate.burst,
            per_s=rate.per_s,
            tokens=found.amount if found else None,
            at=min(found.at_s, 0.0) if found else None,  # above 0: counted by a transaction that began later
        )
        if not bucket.take(0.0):
            return bucket.wait_s()
        full_s = (rate.burst - bucket.tokens) / rate.per_s
        sign_in_counters.keep(connection, digest, bucket.tokens, at_s=0.0, ends_s=full_s, is_new=found is None)
    return 0.0


def _digest(kind: str, key: str) -> str:
    """Return what is stored: of one length, and without the name, which may be a password typed in the wrong field."""
    return hashlib.sha256(f"{kind}{OUT_OF_REACH}{key}".encode(errors="replace")).hexdigest()
