import pytest

from app.engines.crawl.patience import (
    BUSY_S,
    FIRST_DELAY_S,
    MAX_DELAY_S,
    MAX_TRIES,
    SILENCE_S,
    UNHEARD_S,
    Patience,
    Verdict,
)
from app.engines.model import FetchError, FetchResult, FrontierUrl

WELL = Verdict(well=True)
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
def patience(moments):
    made = Patience(moments)
    made.expect("a.test")
    return made


def url(number=1):
    return FrontierUrl(number, "", "", "a.test", 0)


def answer(status=0, error=None, duration_ms=0):
    return FetchResult("", "", status, error=error, duration_ms=duration_ms)


def test_a_page_and_a_lasting_failure_are_taken_at_once(patience):
    assert patience.judge(url(1), answer(200)) == WELL
    assert patience.judge(url(2), answer(404)) == WELL
    assert patience.judge(url(3), answer(error=FetchError.BLOCKED)) == WELL
    assert patience.judge(url(4), answer(error=FetchError.TLS)) == WELL
    assert patience.judge(url(5), answer(200, FetchError.TIMEOUT)) == WELL


def test_silence_pauses_a_host_from_one_to_sixty_seconds_and_ends_after_five_minutes(patience, moments):
    began, pauses = moments.now, []
    for number in range(100):
        verdict = patience.judge(url(number), SILENT)
        if verdict.leave:
            break
        assert verdict.again
        pauses.append(verdict.pause_s)
        moments.now += verdict.pause_s
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(pauses) == MAX_DELAY_S
    assert SILENCE_S <= moments.now - began <= SILENCE_S + MAX_DELAY_S


def test_any_answer_begins_a_silence_anew(patience, moments):
    patience.judge(url(1), SILENT)
    moments.now += SILENCE_S - 1
    assert patience.judge(url(2), answer(500)) == WELL
    moments.now += 2
    assert patience.judge(url(3), SILENT) == Verdict(again=True, pause_s=FIRST_DELAY_S)


def test_malformed_answers_are_no_silence(patience, moments):
    broken = answer(error=FetchError.PROTOCOL)
    for number in range(50):
        verdict = patience.judge(url(number), broken)
        assert verdict.again
        assert verdict.well
        assert not verdict.pause_s
    moments.now += 10 * SILENCE_S
    assert not patience.judge(url(99), broken).leave


def test_one_bad_url_ends_itself_alone(patience):
    tries = 0
    while patience.judge(url(1), SILENT).again:
        tries += 1
        assert patience.judge(url(2 + tries), answer(200)) == WELL
    assert tries == MAX_TRIES - 1


def test_failures_of_a_host_that_answers_nobody_count_against_no_url(patience, moments):
    for _ in range(4):
        verdict = patience.judge(url(1), SILENT)
        assert verdict.again
        moments.now += verdict.pause_s
    assert patience.judge(url(1), answer(200)) == WELL


def test_requests_that_were_under_way_when_a_pause_began_make_it_no_longer(patience, moments):
    assert patience.judge(url(1), SILENT).pause_s == FIRST_DELAY_S
    moments.now += 0.5
    assert patience.judge(url(2), answer(error=FetchError.TIMEOUT, duration_ms=900)) == Verdict(again=True)


def test_a_host_that_never_showed_a_web_server_is_waited_for_half_a_minute(moments):
    patience = Patience(moments)
    assert not patience.judge(url(1), SILENT).leave
    moments.now += UNHEARD_S
    assert patience.judge(url(1), SILENT).leave


def test_what_answers_beside_the_pages_does_not_end_their_silence(patience, moments):
    patience.judge(url(1), SILENT)
    for number in range(2, 50):
        moments.now += 10
        patience.heard("a.test")
        if patience.judge(url(number), SILENT).leave:
            break
    assert moments.now == 1_000 + SILENCE_S


def test_a_pause_that_was_not_enough_is_followed_by_a_longer_one_until_time_is_over(patience, moments):
    moments.now += patience.judge(url(1), SILENT).pause_s
    pauses = []
    while (pause_s := patience.still_silent("a.test")) is not None:
        pauses.append(pause_s)
        moments.now += pause_s
    assert pauses[:3] == [2, 4, 8]
    assert moments.now - 1_000 >= SILENCE_S
    patience.pardon("a.test")
    assert patience.judge(url(1), SILENT).pause_s == FIRST_DELAY_S


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_is_paused_as_it_asks_and_left_within_three_minutes(patience, moments, status):
    began = moments.now
    assert patience.judge(url(1), answer(status), retry_after_s=40) == Verdict(again=True, pause_s=40)
    moments.now += 40
    while not (verdict := patience.judge(url(1), answer(status), retry_after_s=40)).leave:
        moments.now += verdict.pause_s
    assert moments.now - began <= BUSY_S
    assert patience.judge(url(2), answer(200)) == WELL
    moments.now += 1
    assert patience.judge(url(3), answer(status), retry_after_s=40).pause_s == 40


def test_who_asks_for_more_time_than_there_is_is_left_at_once(patience):
    assert patience.judge(url(1), answer(503), retry_after_s=3_600).leave


def test_a_page_whose_gateway_fails_stops_nobody(patience):
    for number in range(10):
        assert patience.judge(url(1), answer(502)).pause_s == 0
        assert patience.judge(url(10 + number), answer(200)) == WELL
    assert not patience.judge(url(1), answer(502)).again
    assert patience.judge(url(2), answer(504)).pause_s == FIRST_DELAY_S
