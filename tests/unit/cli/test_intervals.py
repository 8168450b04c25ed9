"""How often `compliance scan --watch` scans."""

import pytest

from app.cli.intervals import check_alone, check_interval, hours_of
from app.cli.misused import Misused


@pytest.mark.parametrize(("interval", "hours"), [("1h", 1), ("12h", 12), ("1d", 24), ("90d", 2_160)])
def test_hours_and_days(interval, hours):
    assert hours_of(("every", interval)) == hours


@pytest.mark.parametrize(
    "words", [("every", "0h"), ("every", "91d"), ("every", "1"), ("every", "1w"), ("every", "-1d"), ("each", "1d")]
)
def test_everything_else_is_refused(words):
    with pytest.raises(Misused) as refused:
        check_interval(words)
    assert refused.value.key == "interval"
    assert refused.value.values == {"value": repr(" ".join(words)), "most": 90}


def test_without_a_watch_there_is_nothing_to_check():
    assert check_interval(None) is None


def test_options_of_a_single_scan_are_refused():
    check_alone(output=None, fail_on=None)
    with pytest.raises(Misused) as refused:
        check_alone(output=None, fail_on="high")
    assert (refused.value.key, refused.value.values) == ("not_with_watch", {"option": "--fail-on"})
