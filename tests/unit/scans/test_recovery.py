import pytest

from app.domain.messages import MessageCatalog
from app.scans.recovery import LostAttemptRecovery, statistics_of


@pytest.fixture
def recovery(monitored):
    return LostAttemptRecovery(lifecycle=monitored.lifecycle, texts=MessageCatalog("en"), max_requeues=1)


def test_a_lost_attempt_is_requeued_until_it_was_lost_too_often(monitored, recovery):
    monitored.create()
    monitored.claim()
    monitored.write(recovery.resolve_lost(monitored.row(), 1))
    assert (monitored.row().status, monitored.row().requeues) == ("pending", 1)
    monitored.claim(attempt=2)
    monitored.write(recovery.resolve_lost(monitored.row(), 2))
    assert (monitored.row().status, monitored.row().error["code"]) == ("failed", "worker_lost")


def test_a_restart_of_the_server_does_not_count(monitored, recovery):
    monitored.create()
    for attempt in (1, 2, 3):
        monitored.claim(attempt=attempt)
        monitored.write(recovery.resolve_lost(monitored.row(), attempt, counts=False))
    assert (monitored.row().status, monitored.row().requeues) == ("pending", 0)


def test_a_cancelling_one_becomes_cancelled(monitored, recovery):
    monitored.create()
    monitored.claim()
    monitored.write(monitored.lifecycle.request_cancel("task-1", by="user"))
    monitored.write(recovery.resolve_lost(monitored.row(), 1))
    assert monitored.row().status == "cancelled"


def test_what_is_not_its_own_any_more_needs_nothing(monitored, recovery):
    monitored.create()
    assert recovery.resolve_lost(monitored.row(), 1) is None  # nobody had claimed it
    monitored.claim()
    assert recovery.resolve_lost(monitored.row(), 2) is None
    assert recovery.resolve_lost(None, 1) is None


def test_the_numbers_are_those_that_the_row_knows(monitored):
    monitored.create()
    monitored.beat(12.7, statistics={"total_subdomains": 3, "execution_duration": 99})
    statistics = statistics_of(monitored.row())
    assert (statistics.total_subdomains, statistics.total_violations, statistics.execution_duration) == (3, 0, 12)
