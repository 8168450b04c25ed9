from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from app.lists.removal import MAX_KEPT, to_remove

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def row(number, hours, key="a"):
    return SimpleNamespace(id=number, list_key=key, superseded_at=NOW - timedelta(hours=hours))


def test_versions_go_that_no_scan_can_have_begun_with():
    rows = [row(1, 1), row(2, 3), row(3, 5)]
    assert to_remove(rows, needed_since=NOW - timedelta(hours=4)) == [3]
    assert to_remove(rows, needed_since=NOW) == [1, 2, 3]
    assert to_remove(rows, needed_since=NOW - timedelta(hours=9)) == []


def test_however_long_a_scan_runs_versions_of_a_list_are_bounded():
    rows = [row(number, number) for number in range(1, MAX_KEPT + 3)]
    long_ago = NOW - timedelta(days=9)
    assert to_remove(rows, needed_since=long_ago) == [MAX_KEPT + 1, MAX_KEPT + 2]
    assert to_remove([*rows[:MAX_KEPT], row(99, 100, key="b")], needed_since=long_ago) == []
