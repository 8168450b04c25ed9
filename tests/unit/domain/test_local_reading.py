from app.domain.local_reading import LocalSummary, local_summary_of


def test_pages_are_counted_by_what_became_of_them():
    pages = {"a": "suppressed", "b": "unchanged", "c": "unchanged"}
    kept = {"version": 3, "fault": None, "pages": pages}
    assert local_summary_of(kept) == LocalSummary(3, None, 3, {"suppressed": 1, "unchanged": 2})


def test_a_scan_that_began_without_a_version_says_nothing():
    assert local_summary_of({"version": 0, "fault": None, "pages": {}}) is None


def test_a_database_that_did_not_answer_is_said_although_the_version_is_not_known():
    assert local_summary_of({"version": 0, "fault": "unavailable", "pages": {}}) == LocalSummary(0, "unavailable", 0)
