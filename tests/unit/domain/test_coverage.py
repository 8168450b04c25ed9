import pytest

from app.domain.coverage import (
    COUNTED_AS,
    EXCLUDED,
    LOST,
    NOT_JUDGED,
    Coverage,
    CrawlCutoff,
    Seen,
    checked_of,
    coverage_of,
)

HOSTS = {
    "a.example": {Seen.JUDGED: 10, Seen.ROBOTS: 2},
    "b.example": {Seen.JUDGED: 1, Seen.NO_ANSWER: 7, Seen.ROBOTS: 2},
    "c.example": {Seen.NOT_HTML: 50},
}


def test_the_total_adds_up_over_hosts_in_the_order_of_definition():
    total = Coverage(HOSTS).total
    assert total == {Seen.JUDGED: 11, Seen.NOT_HTML: 50, Seen.NO_ANSWER: 7, Seen.ROBOTS: 4}
    assert list(total) == [seen for seen in Seen if seen in total]


def test_the_least_covered_hosts_come_first_and_no_more_than_asked_for():
    assert [host for host, _ in Coverage(HOSTS).least_covered(2)] == ["b.example", "a.example"]
    assert Coverage().least_covered(5) == []


def test_equal_costs_are_told_in_the_order_of_their_hosts():
    costs = list(Coverage(HOSTS).costs())
    assert costs == [(Seen.NO_ANSWER, "b.example", 7), (Seen.ROBOTS, "a.example", 2), (Seen.ROBOTS, "b.example", 2)]


@pytest.mark.parametrize("cut", [None, *CrawlCutoff])
def test_a_coverage_comes_back_from_json_as_it_was(cut):
    coverage = Coverage(HOSTS, start_page=True, cut=cut)
    assert coverage_of(coverage.to_json()) == coverage


def test_a_coverage_of_before_says_nothing_of_addresses():
    stored = Coverage(resolved=False).to_json()
    assert coverage_of(stored) == Coverage(resolved=False)
    del stored["resolved"]
    assert coverage_of(stored) == Coverage()


def test_every_reason_counts_once():
    assert set(LOST) & set(EXCLUDED) == set()
    assert set(NOT_JUDGED) | set(COUNTED_AS) | {Seen.JUDGED, Seen.NOT_HTML, Seen.GONE, Seen.NO_HOST} == set(Seen)


def test_files_and_what_is_gone_are_not_to_check():
    total = {Seen.JUDGED: 4, Seen.NOT_HTML: 2, Seen.GONE: 1, Seen.NO_HOST: 1, Seen.ROBOTS: 3, Seen.TRUNCATED: 1}
    assert checked_of(total) == (4, 8)
    assert checked_of({}) == (0, 0)
