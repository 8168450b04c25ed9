from dataclasses import asdict

from app.domain.reading import ReadingSummary, summary_of

SUMMARY = ReadingSummary("m", 1, 10, 4, 3, 2, {"timeout": 1}, {"budget": 5}, {"confirmed": 1})


def test_a_summary_is_read_from_what_was_stored_with_more_beside():
    assert summary_of({**asdict(SUMMARY), "questions": {"a": "answered"}}) == SUMMARY


def test_a_budget_is_spent_when_it_left_something_out():
    assert SUMMARY.is_spent
    assert not ReadingSummary("m", 1, 10, 10, 10, 10).is_spent
