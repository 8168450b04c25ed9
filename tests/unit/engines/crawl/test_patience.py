from app.engines.crawl.patience import MAX_SILENCES, Patience, Verdict
from app.engines.model import FetchError, FetchResult, FrontierUrl


def url(number=1):
    return FrontierUrl(number, "", "", "a.test", 0)


def answer(status=0, error=None):
    return FetchResult("", "", status, error=error)


def test_a_passing_failure_is_asked_again_once():
    patience = Patience()
    assert patience.judge(url(), answer(503)) is Verdict.ASK_AGAIN
    assert patience.judge(url(), answer(503)) is Verdict.TAKE
    assert patience.judge(url(2), answer(error=FetchError.TIMEOUT)) is Verdict.ASK_AGAIN


def test_a_lasting_failure_and_a_page_are_taken_at_once():
    patience = Patience()
    assert patience.judge(url(1), answer(200)) is Verdict.TAKE
    assert patience.judge(url(2), answer(404)) is Verdict.TAKE
    assert patience.judge(url(3), answer(error=FetchError.BLOCKED)) is Verdict.TAKE
    assert patience.judge(url(4), answer(200, FetchError.TIMEOUT)) is Verdict.TAKE


def test_a_host_is_left_after_so_many_silences_in_a_row():
    patience = Patience()
    silent = answer(error=FetchError.CONNECT)
    for number in range(MAX_SILENCES - 1):
        assert patience.judge(url(number), silent) is Verdict.ASK_AGAIN
    assert patience.judge(url(90), answer(500)) is Verdict.TAKE
    verdicts = [patience.judge(url(100 + number), silent) for number in range(MAX_SILENCES)]
    assert verdicts[-1] is Verdict.LEAVE_HOST
    assert Verdict.LEAVE_HOST not in verdicts[:-1]
