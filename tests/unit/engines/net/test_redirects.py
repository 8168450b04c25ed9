import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.model import HopKind
from app.engines.net.redirects import document_redirect, join, location_target, refresh_target, request_url

BASE = "http://a.test/dir/page"


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("0;url=http://b.test/", "http://b.test/"),
        ("0; URL='http://b.test/'", "http://b.test/"),
        ('5;url="/x" trailing', "http://a.test/x"),
        ("0,http://b.test/", "http://b.test/"),
        ("0 http://b.test/", "http://b.test/"),
        (" 1.5 ; url = next", "http://a.test/dir/next"),
        (";url=http://b.test/", "http://b.test/"),
        ("5", None),
        ("0;", None),
        ("0;url=", None),
        ("0;url=http://a.test/dir/page", None),
        ("300;url=http://b.test/", None),
        ("soon", None),
    ],
)
def test_a_refresh_is_read_as_browsers_read_it(value, target):
    assert refresh_target(value, BASE) == target


@pytest.mark.parametrize(
    ("html", "kind", "target"),
    [
        ('<meta http-equiv="Refresh" content="0;url=//b.test/">', HopKind.META, "http://b.test/"),
        (
            '<base href="http://c.test/x/"><meta http-equiv=refresh content="0;url=y">',
            HopKind.META,
            "http://c.test/x/y",
        ),
        ("<script>location='http://b.test/'</script>", HopKind.SCRIPT, "http://b.test/"),
        ('<script>window.location.href = "/b";</script>', HopKind.SCRIPT, "http://a.test/b"),
        (r"<script>top.location.replace('http:\/\/b.test\/')</script>", HopKind.SCRIPT, "http://b.test/"),
        (r'<script>location.assign("\x68ttp://b.test/")</script>', HopKind.SCRIPT, "http://b.test/"),
    ],
)
def test_a_document_that_sends_on_is_recognised(html, kind, target):
    assert document_redirect(f"<html><head>{html}</head><body>Moving</body></html>", BASE) == (kind, target)


@pytest.mark.parametrize(
    "html",
    [
        "<p>nothing here</p>",
        '<noscript><meta http-equiv="refresh" content="0;url=/nojs"></noscript>',
        '<template><meta http-equiv="refresh" content="0;url=/t"></template>',
        '<meta http-equiv="refresh" content="600;url=/later">',
        "<script>if (location == 'http://b.test/') {}</script>",
        "<script>mylocation = 'http://b.test/'</script>",
        "<script>location = other</script>",
        "<script>location.href='http://a.test/dir/page'</script>",
        "<script>function go(){location='http://b.test/'}</script>" + "<p>a real page with much text</p>" * 30,
        "<p>location='http://b.test/'</p>",
    ],
)
def test_an_ordinary_document_sends_nobody_on(html):
    assert document_redirect(html, BASE) is None


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://u:p@A.test:80/x#f", "http://a.test/x"),
        ("http:\\\\evil.test\\a", "http://evil.test/a"),
        ("https://０x7f.1/", "https://127.0.0.1/"),
        ("ftp://a.test/", None),
        ("mailto:a@b.test", None),
        ("/relative", None),
    ],
)
def test_what_is_asked_for_is_what_a_browser_would_ask_for(url, asked):
    assert request_url(url) == asked


def test_only_redirect_statuses_with_a_location_redirect():
    assert location_target(302, "/x", BASE) == "http://a.test/x"
    assert location_target(200, "/x", BASE) is None
    assert location_target(302, "", BASE) is None
    assert location_target(304, "/x", BASE) is None


@given(st.text())
def test_nothing_that_stands_in_a_page_raises(text):
    join(BASE, text)
    request_url(text)
    refresh_target(text, BASE)
    document_redirect(f"<meta http-equiv=refresh content='{text}'><script>location='{text}'</script>", BASE)


def test_a_refresh_that_stands_deep_is_found():
    html = "<div>" * 11_000 + "<meta http-equiv=refresh content='0;url=http://b.test/'>"
    assert document_redirect(html, BASE) == (HopKind.META, "http://b.test/")
