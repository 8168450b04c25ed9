import pytest

from app.monitor.settlement import Settlement, statistics_of
from app.services.texts import Texts


@pytest.fixture
def settlement(post):
    return Settlement(lifecycle=post.lifecycle, texts=Texts("en"), max_requeues=1)


def test_a_lost_attempt_is_requeued_until_it_was_lost_too_often(post, settlement):
    post.create()
    post.claim()
    post.write(settlement.of_lost(post.row(), 1))
    assert (post.row().status, post.row().requeues) == ("pending", 1)
    post.claim(attempt=2)
    post.write(settlement.of_lost(post.row(), 2))
    assert (post.row().status, post.row().error["code"]) == ("failed", "worker_lost")


def test_a_restart_of_the_server_does_not_count(post, settlement):
    post.create()
    for attempt in (1, 2, 3):
        post.claim(attempt=attempt)
        post.write(settlement.of_lost(post.row(), attempt, counts=False))
    assert (post.row().status, post.row().requeues) == ("pending", 0)


def test_a_cancelling_one_becomes_cancelled(post, settlement):
    post.create()
    post.claim()
    post.write(post.lifecycle.request_cancel("task-1", by="user"))
    post.write(settlement.of_lost(post.row(), 1))
    assert post.row().status == "cancelled"


def test_what_is_not_its_own_any_more_needs_nothing(post, settlement):
    post.create()
    assert settlement.of_lost(post.row(), 1) is None  # nobody had claimed it
    post.claim()
    assert settlement.of_lost(post.row(), 2) is None
    assert settlement.of_lost(None, 1) is None


def test_the_numbers_are_those_that_the_row_knows(post):
    post.create()
    post.beat(12.7, statistics={"total_subdomains": 3, "execution_duration": 99})
    statistics = statistics_of(post.row(), extra_s=1.0)
    assert (statistics.total_subdomains, statistics.total_violations, statistics.execution_duration) == (3, 0, 13)
