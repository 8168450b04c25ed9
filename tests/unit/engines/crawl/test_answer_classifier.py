import pytest

from app.domain.coverage import Seen
from app.domain.scan_facts import FetchError, Hop, HopKind, PageFact
from app.engines.crawl.answer_classifier import classify_answer
from app.engines.crawl.page_processor import media_type
from app.engines.extract.page import extract
from app.engines.extract.reference_collector import MAX_LINKS
from app.engines.model import FetchResult

URL = "https://a.test/x"


def seen(body="", *, status=200, url=URL, error=None, truncated=False, hops=()):
    encoded = body.encode()
    headers = (("content-type", "text/html; charset=utf-8"),)
    result = FetchResult(url, url, status, headers, encoded, truncated, hops=hops, error=error)
    found = extract(encoded, url=url, headers=headers, is_internal=lambda host: host == "a.test") if body else None
    return classify_answer(result, PageFact(url, 0, status, media_type(headers)), found)


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (404, Seen.GONE),
        (410, Seen.GONE),
        (401, Seen.SIGN_IN),
        (403, Seen.CLIENT_ERROR),
        (405, Seen.CLIENT_ERROR),
        (429, Seen.CLIENT_ERROR),
        (451, Seen.CLIENT_ERROR),
        (500, Seen.SERVER_ERROR),
        (503, Seen.SERVER_ERROR),
        (304, Seen.NO_ANSWER),
    ],
)
def test_a_status_says_what_an_error_page_is(status, what):
    assert seen("<h1>an error page with plenty of text</h1>", status=status) is what


def test_no_answer_and_what_our_policy_refuses_are_two_things():
    assert seen(status=0, error=FetchError.TIMEOUT) is Seen.NO_ANSWER
    assert seen(status=0, error=FetchError.PROTOCOL) is Seen.NO_ANSWER
    assert seen(status=0, error=FetchError.BLOCKED) is Seen.LIMIT


def test_what_was_cut_or_could_not_be_read_says_so():
    assert seen("<p>half", error=FetchError.TIMEOUT) is Seen.TRUNCATED
    assert seen("<p>half", truncated=True) is Seen.TRUNCATED
    assert seen("".join(f"<a href=/{number}>x</a>" for number in range(MAX_LINKS + 1))) is Seen.TRUNCATED
    result = FetchResult(URL, URL, 200, body=b"x")
    assert classify_answer(result, PageFact(URL, 0, 200, error=FetchError.UNREADABLE), None) is Seen.UNREADABLE


def test_files_are_no_pages_and_sheets_are_read():
    result = FetchResult(URL, URL, 200, truncated=True)
    assert classify_answer(result, PageFact(URL, 0, 200, "application/pdf"), None) is Seen.NOT_HTML
    assert classify_answer(FetchResult(URL, URL, 200, body=b"a{}"), None, None) is Seen.SHEET


def test_a_page_that_shows_nothing_is_none():
    assert seen("<!doctype html><html><head></head><body> </body></html>") is Seen.NO_ANSWER
    assert seen('<a href="/y"></a>') is Seen.JUDGED
    assert seen('<img src="https://x.test/1.png">') is Seen.JUDGED


def test_what_sends_the_browser_on_is_counted_as_what_it_leads_to():
    hop = Hop(URL, 302, "", HopKind.HTTP, "https://a.test/y")
    assert seen(status=302, hops=(hop,)) is Seen.MOVED
    assert seen('<meta http-equiv="refresh" content="0;url=/y">') is Seen.MOVED
    assert seen('<meta http-equiv="refresh" content="60;url=/x"><p>News of the minute</p>') is Seen.JUDGED


@pytest.mark.parametrize(
    "body",
    [
        "<p>We use cookies. Accept all?</p><a href='/privacy'>Privacy</a>",
        "<p>本网站使用 Cookie，点击同意继续</p>",
        "<div id=app></div><noscript>You need to enable JavaScript to run this app.</noscript>",
        "<h1>Access Denied</h1><p>Reference 18.2f</p>",
        "<p>Checking your browser before you go on</p>",
        "<p>请完成安全验证后继续访问</p>",
        "<p>您的访问请求已被拦截</p>",
        "<p>Protected by reCAPTCHA</p>",
        "<p>Cookies have to be allowed.</p>",
        "<p>Ce site utilise des cookies. Accepter</p>",
        "<p>GeeTestCaptcha</p>",
    ],
)
def test_a_page_that_only_asks_or_refuses_is_a_wall(body):
    assert seen(body) is Seen.WALL


def test_the_same_words_beside_content_are_no_wall():
    words = "<p>We use cookies. Accept all? Access denied to nobody. Enable JavaScript for the map.</p>"
    assert seen(words + "<p>" + "Our pumps and valves are sold everywhere. " * 20) is Seen.JUDGED
    assert seen(words + "".join(f"<a href='/{number}'>n</a>" for number in range(10))) is Seen.JUDGED


def test_the_same_letters_within_other_words_are_no_wall():
    assert seen("<p>A cookiecutter for shallow dishes, and one for swallows.</p>") is Seen.JUDGED


@pytest.mark.parametrize("kind", ['type="password"', "type=password", "TYPE='PASSWORD'"])
def test_a_page_that_is_there_to_sign_in_is_a_form(kind):
    assert seen(f"<form><input name=u><input {kind}></form>") is Seen.FORM
    long = "<p>" + "A forum with many threads to read. " * 30
    assert seen(f"{long}<input {kind}>") is Seen.JUDGED
    assert seen(f"{long}<input {kind}>", url="https://a.test/user/login") is Seen.FORM
