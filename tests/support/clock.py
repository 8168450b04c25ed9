"""A clock that moves only when told to."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """`sleep` returns at once after moving the clock."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds - 1_000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
