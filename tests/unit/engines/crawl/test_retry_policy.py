import pytest

from app.domain.scan_facts import FetchError, FrontierUrl
from app.engines.crawl.retry_policy import (
    BUSY_S,
    FIRST_DELAY_S,
    MAX_DELAY_S,
    MAX_TRIES,
    NEVER_ANSWERED_S,
    UNRESPONSIVE_S,
    RetryDecision,
    RetryPolicy,
)
from app.engines.model import FetchResult

WELL = RetryDecision(is_healthy=True)
SILENT = FetchResult("", "", error=FetchError.CONNECT)


class Moments:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def moments():
    return Moments()


@pytest.fixture
def retry_policy(moments):
    made = RetryPolicy(moments)
    made.expect_answers("a.test")
    return made


def url(number=1):
    return FrontierUrl(number, "", "", "a.test", 0)


def answer(status=0, error=None, duration_ms=0):
    return FetchResult("", "", status, error=error, duration_ms=duration_ms)


def test_a_page_and_a_lasting_failure_are_taken_at_once(retry_policy):
    assert retry_policy.decide(url(1), answer(200)) == WELL
    assert retry_policy.decide(url(2), answer(404)) == WELL
    assert retry_policy.decide(url(3), answer(error=FetchError.BLOCKED)) == WELL
    assert retry_policy.decide(url(4), answer(error=FetchError.TLS)) == WELL
    assert retry_policy.decide(url(5), answer(200, FetchError.TIMEOUT)) == WELL


def test_silence_pauses_a_host_from_one_to_sixty_seconds_and_ends_after_five_minutes(retry_policy, moments):
    began, pauses = moments.now, []
    for number in range(100):
        decision = retry_policy.decide(url(number), SILENT)
        if decision.give_up:
            break
        assert decision.retry
        pauses.append(decision.pause_s)
        moments.now += decision.pause_s
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(pauses) == MAX_DELAY_S
    assert UNRESPONSIVE_S <= moments.now - began <= UNRESPONSIVE_S + MAX_DELAY_S


def test_any_answer_begins_a_silence_anew(retry_policy, moments):
    retry_policy.decide(url(1), SILENT)
    moments.now += UNRESPONSIVE_S - 1
    assert retry_policy.decide(url(2), answer(500)) == WELL
    moments.now += 2
    assert retry_policy.decide(url(3), SILENT) == RetryDecision(retry=True, pause_s=FIRST_DELAY_S)


def test_malformed_answers_are_no_lack_of_answers(retry_policy, moments):
    broken = answer(error=FetchError.PROTOCOL)
    for number in range(50):
        decision = retry_policy.decide(url(number), broken)
        assert decision.retry
        assert decision.is_healthy
        assert not decision.pause_s
    moments.now += 10 * UNRESPONSIVE_S
    assert not retry_policy.decide(url(99), broken).give_up


def test_one_bad_url_ends_itself_alone(retry_policy):
    tries = 0
    while retry_policy.decide(url(1), SILENT).retry:
        tries += 1
        assert retry_policy.decide(url(2 + tries), answer(200)) == WELL
    assert tries == MAX_TRIES - 1


def test_failures_of_a_host_that_answers_nobody_count_against_no_url(retry_policy, moments):
    for _ in range(4):
        decision = retry_policy.decide(url(1), SILENT)
        assert decision.retry
        moments.now += decision.pause_s
    assert retry_policy.decide(url(1), answer(200)) == WELL


def test_requests_that_were_under_way_when_a_pause_began_make_it_no_longer(retry_policy, moments):
    assert retry_policy.decide(url(1), SILENT).pause_s == FIRST_DELAY_S
    moments.now += 0.5
    assert retry_policy.decide(url(2), answer(error=FetchError.TIMEOUT, duration_ms=900)) == RetryDecision(retry=True)


def test_a_host_that_never_showed_a_web_server_is_waited_for_half_a_minute(moments):
    retry_policy = RetryPolicy(moments)
    assert not retry_policy.decide(url(1), SILENT).give_up
    moments.now += NEVER_ANSWERED_S
    assert retry_policy.decide(url(1), SILENT).give_up


def test_what_answers_beside_the_pages_does_not_end_their_silence(retry_policy, moments):
    retry_policy.decide(url(1), SILENT)
    for number in range(2, 50):
        moments.now += 10
        retry_policy.note_answer("a.test")
        if retry_policy.decide(url(number), SILENT).give_up:
            break
    assert moments.now == 1_000 + UNRESPONSIVE_S


def test_a_pause_that_was_not_enough_is_followed_by_a_longer_one_until_time_is_over(retry_policy, moments):
    moments.now += retry_policy.decide(url(1), SILENT).pause_s
    pauses = []
    while (pause_s := retry_policy.next_pause_s("a.test")) is not None:
        pauses.append(pause_s)
        moments.now += pause_s
    assert pauses[:3] == [2, 4, 8]
    assert moments.now - 1_000 >= UNRESPONSIVE_S
    retry_policy.reset("a.test")
    assert retry_policy.decide(url(1), SILENT).pause_s == FIRST_DELAY_S


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_is_paused_as_it_asks_and_left_within_three_minutes(retry_policy, moments, status):
    began = moments.now
    assert retry_policy.decide(url(1), answer(status), retry_after_s=40) == RetryDecision(retry=True, pause_s=40)
    moments.now += 40
    while not (decision := retry_policy.decide(url(1), answer(status), retry_after_s=40)).give_up:
        moments.now += decision.pause_s
    assert moments.now - began <= BUSY_S
    assert retry_policy.decide(url(2), answer(200)) == WELL
    moments.now += 1
    assert retry_policy.decide(url(3), answer(status), retry_after_s=40).pause_s == 40


def test_who_asks_for_more_time_than_there_is_is_left_at_once(retry_policy):
    assert retry_policy.decide(url(1), answer(503), retry_after_s=3_600).give_up


def test_a_page_whose_gateway_fails_stops_nobody(retry_policy):
    for number in range(10):
        assert retry_policy.decide(url(1), answer(502)).pause_s == 0
        assert retry_policy.decide(url(10 + number), answer(200)) == WELL
    assert not retry_policy.decide(url(1), answer(502)).retry
    assert retry_policy.decide(url(2), answer(504)).pause_s == FIRST_DELAY_S
