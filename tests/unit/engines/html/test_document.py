"""A document is decoded and parsed once, whatever it is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.html.document import MAX_TITLE, HtmlDocument, take_head_noscript


def test_a_body_is_decoded_with_what_its_header_declares():
    document = HtmlDocument.decode("<title>赌场</title><p>赌场".encode("gbk"), "text/html; charset=gbk")
    assert (document.title, document.visible_text, document.charset) == ("赌场", "赌场", "gb18030")


def test_a_picture_in_the_body_gives_no_title():
    document = HtmlDocument("<head><title> a\n b </title></head><svg><title>icon</title></svg>")
    assert document.title == "a b"


def test_a_title_is_bounded():
    assert len(HtmlDocument("<title>" + "t" * 9_999).title) == MAX_TITLE


def test_what_nests_too_deeply_is_one_document_all_the_same():
    document = HtmlDocument("<title>t</title><p>before" + "<div>" * 11_000 + "<a id=end>deep")
    assert len(document.trees) > 1
    assert document.title == "t"
    assert document.visible_text == "before\ndeep"
    assert [node.attributes["id"] for node in document.select("a")] == ["end"]


def test_the_tracking_pixel_of_a_head_stays_out_of_the_body():
    source = "<head><noscript><img src=pixel></noscript></head><body><noscript>b</noscript>"
    assert take_head_noscript(source) == ("<head></head><body><noscript>b</noscript>", ["<img src=pixel>"])
    assert HtmlDocument(source).head_noscripts == ["<img src=pixel>"]


def test_what_stands_in_noscript_is_inactive():
    document = HtmlDocument("<body><a href=/1>x</a><noscript><p><a href=/2>y</a></p></noscript>")
    active = [node.attributes["href"] for node in document.select("a") if node.mem_id not in document.inactive]
    assert active == ["/1"]


def test_xml_is_told_by_its_type_and_by_its_beginning():
    feed = "<rss><item><title/><link>http://b.test/</link></item></rss>"
    assert HtmlDocument(feed).xml == ""
    assert HtmlDocument(feed, content_type="application/rss+xml").xml == feed
    assert HtmlDocument(f"<?xml version='1.0'?>{feed}").xml.endswith(feed)


@pytest.mark.parametrize(
    ("markup", "base"),
    [
        ("<p>", "http://a.test/b/c"),
        ("<base href=/x/>", "http://a.test/x/"),
        ("<base target=_top><base href=http://c.test/><base href=/y/>", "http://c.test/"),
        ("<base href='javascript:0'>", "http://a.test/b/c"),
        (f"<base href=/{'x' * 9_000}/>", f"http://a.test/{'x' * 9_000}/"),
    ],
)
def test_relative_urls_resolve_against_the_first_base(markup, base):
    assert HtmlDocument(markup).base_url("http://a.test/b/c") == base


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=big5", "application/xml"]))
def test_no_body_raises(body, content_type):
    document = HtmlDocument.decode(body, content_type)
    assert isinstance(document.title + document.visible_text, str)
