"""Rates and strikes: small, synchronous, with the time handed in."""

from collections import deque


class TokenBucket:
    """At most `burst` at once, then `per_s` a second."""

    __slots__ = ("_at", "_burst", "_per_s", "_tokens")

    def __init__(self, *, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._tokens = burst
        self._at: float | None = None  # when the tokens were counted last; None before the first call

    def take(self, now: float) -> bool:
        """Whether one more is allowed at `now` (monotonic seconds); if so it is taken."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait_s(self) -> float:
        """Seconds until the next one is allowed, as of the last `take`."""
        return max(0.0, (1 - self._tokens) / self._per_s)

    def is_full(self, now: float) -> bool:
        """Nothing was taken for so long that the bucket may be forgotten."""
        return self._at is None or self._tokens + (now - self._at) * self._per_s >= self._burst


class KeyedBuckets:
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
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
        while len(self._buckets) > self._max_keys:
            del self._buckets[next(iter(self._buckets))]


class Strikes:
    """Counts offences within a sliding window."""

    __slots__ = ("_limit", "_times", "_window_s")

    def __init__(self, *, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: deque[float] = deque()

    def add(self, now: float) -> bool:
        """One more at `now`; True when this one is the last straw."""
        while self._times and now - self._times[0] > self._window_s:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) >= self._limit
