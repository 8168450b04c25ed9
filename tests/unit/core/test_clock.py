from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.core.clock import SystemClock, to_wire


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        (datetime(2026, 1, 2, 11, 4, 5, 678_000, tzinfo=timezone(timedelta(hours=8))), "2026-01-02T03:04:05.678Z"),
    ],
)
def test_times_on_the_wire_are_utc_with_milliseconds(moment, text):
    assert to_wire(moment) == text


async def test_the_machines_clocks_are_aware_and_go_on():
    clock = SystemClock()
    before, started = clock.monotonic(), clock.now()
    await clock.sleep(0)
    assert clock.monotonic() >= before
    assert started.tzinfo is UTC
