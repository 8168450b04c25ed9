"""What may be said of many scans together."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.orders import Standing, result_of_all
from app.domain.tasks import TaskStatus
from app.domain.verdict import Result

ENDED = [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED]
ONE_HIGH, TWO_CRITICAL = {"total": 1, "high": 1}, {"total": 2, "critical": 2}
COUNTS = [({}, {}), (ONE_HIGH, ONE_HIGH), (TWO_CRITICAL, TWO_CRITICAL), (ONE_HIGH, {"total": 0, "high": 0})]
STANDINGS = st.builds(
    lambda counts, **known: Standing(finding_counts=counts[0], open_counts=counts[1], **known),
    counts=st.sampled_from(COUNTS),
    target_domain=st.sampled_from(["a.example", "b.example", "c.example"]),
    status=st.sampled_from(list(TaskStatus)),
    verdict=st.none() | st.builds(lambda result: {"result": result.value}, st.sampled_from(list(Result))),
)


def standing(status="completed", result=None, **counts):
    verdict = None if result is None else {"result": result}
    return Standing(
        target_domain="a.example", status=status, verdict=verdict, finding_counts=counts, open_counts=counts
    )


def test_what_was_found_counts_although_the_scan_failed():
    assert standing("failed", total=1, high=1).result is Result.VIOLATIONS
    assert standing("failed").result is Result.INCONCLUSIVE
    assert standing("pending").result is None
    assert standing("pending", "clean").result is Result.CLEAN  # a scan that was tried again


@given(st.lists(STANDINGS, min_size=1))
def test_the_result_of_all_waits_for_the_last_and_is_the_worst(standings):
    result = result_of_all(standings)
    if any(one.status not in ENDED for one in standings):
        assert result is None
    else:
        assert (result is Result.CLEAN) == all(one.result is Result.CLEAN for one in standings)
        assert (result is Result.VIOLATIONS) == any(one.result is Result.VIOLATIONS for one in standings)


def test_nothing_may_be_said_of_nothing():
    assert result_of_all([]) is None


@given(st.lists(STANDINGS))
def test_who_has_open_findings_comes_before_who_has_none_and_what_is_clean_comes_last(standings):
    results = [one.result for one in sorted(standings, key=Standing.urgency)]
    order = [Result.VIOLATIONS, Result.INCONCLUSIVE, None, Result.CLEAN]
    with_open = [one for one in sorted(standings, key=Standing.urgency) if one.open_counts.get("total")]
    assert all(one.result is Result.VIOLATIONS for one in with_open)
    rest = results[len(with_open) :]
    assert rest == sorted(rest, key=order.index)
