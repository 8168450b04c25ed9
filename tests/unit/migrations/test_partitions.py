from datetime import UTC, datetime, timedelta

import pytest

from app.core.ids import first_id_of
from app.migrations.partitions import AUDIT, EVENTS, LINES, Partition


@pytest.mark.parametrize("of", [EVENTS, LINES, AUDIT])
def test_partitions_meet_and_are_no_longer_than_they_say(of):
    start = of.period.start(datetime(2027, 12, 20, 23, 59, tzinfo=UTC))
    for _ in range(30):
        one = Partition(of, start)
        assert one.start == of.period.start(one.start) == of.period.start(one.end - timedelta(seconds=1))
        assert one.bounds[1] == Partition(of, one.end).bounds[0]
        assert one.end - one.start <= of.longest
        start = one.end


def test_a_week_begins_on_monday_and_a_month_with_its_first_day():
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert Partition(LINES, LINES.period.start(at)).name == "task_logs_20251229"
    assert Partition(EVENTS, EVENTS.period.start(at)).name == "task_events_20260101"
    assert Partition(AUDIT, AUDIT.period.start(at)).bounds == ("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")


def test_tasks_are_told_apart_by_the_time_in_their_ids():
    start, end = Partition(LINES, datetime(2025, 12, 29, tzinfo=UTC)).bounds
    last = first_id_of(datetime(2026, 1, 4, 23, 59, 59, 999_000, tzinfo=UTC))
    assert start <= f"{last}-7fff-bfff-ffffffffffff" < end
