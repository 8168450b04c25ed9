import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import HopKind
from app.engines.html.document import HtmlDocument
from app.engines.html.redirects import document_redirect, find_location, parse_refresh, refresh_target

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
    assert refresh_target(value, BASE, BASE) == target


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
    assert document_redirect(HtmlDocument(f"<html><head>{html}</head><body>Moving</body></html>"), BASE) == (
        kind,
        target,
    )


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
    assert document_redirect(HtmlDocument(html), BASE) is None


LOCATIONS = {
    'location.href="http://evil.test/";': ("http://evil.test/", "http://evil.test/"),
    "window . location = '/x'": ("/x", "/x"),
    r"top.location='http:\/\/evil.test\/'": ("http://evil.test/", "http://evil.test/"),
    "location.assign(`/y`)": ("/y", "/y"),
    "{} location.replace('/z')": ("/z", "/z"),
    "a='{';location='/x'": ("/x", "/x"),
    "location.href=atob('aHR0cDovL2V2aWwudGVzdC94')": ("http://evil.test/x", "http://evil.test/x"),
    "if(a){location='/x'}": (None, "/x"),
    "function go(){window.location.replace('/y')}": (None, "/y"),
    "location.href='/a?b='+c": (None, None),
    "mylocation='/a'": (None, None),
    "my.location='/a'": (None, None),
    "if (location == '/a') {}": (None, None),
    "location.href=url": (None, None),
}


@pytest.mark.parametrize(
    ("content", "url"),
    {
        "5": None,
        "5;": None,
        "": None,
        "0;url=http://evil.test/": "http://evil.test/",
        "0; URL = 'http://evil.test/ a'": "http://evil.test/ a",
        '3,url="/x': "/x",
        "0.5 /x": "/x",
        "url=x": "x",
    }.items(),
)
def test_the_url_of_a_refresh_is_found_as_written(content, url):
    refresh = parse_refresh(content)
    assert (refresh and refresh.url) == url


@pytest.mark.parametrize("text", LOCATIONS)
def test_a_constant_target_of_the_window_is_found(text):
    top_level, nested = LOCATIONS[text]
    assert find_location(text, nested=False) == top_level
    assert find_location(text, nested=True) == nested


@given(st.text())
def test_nothing_that_stands_in_a_page_raises(text):
    refresh_target(text, BASE, BASE)
    find_location(text, nested=True)
    document_redirect(
        HtmlDocument(f"<meta http-equiv=refresh content='{text}'><script>location='{text}'</script>"), BASE
    )


def test_a_refresh_that_stands_deep_is_found():
    html = "<div>" * 11_000 + "<meta http-equiv=refresh content='0;url=http://b.test/'>"
    assert document_redirect(HtmlDocument(html), BASE) == (HopKind.META, "http://b.test/")
