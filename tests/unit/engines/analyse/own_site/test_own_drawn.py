"""Texts that a style sheet draws, and such as are tiny and white."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_drawn import examine_drawn
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

URL = "https://www.school.test/"
TYPE = "text/html; charset=utf-8"
DRAWN = "<style>.foot::after{content:'%s';position:fixed;bottom:0}</style><p>Welcome to the school.</p>"
TINY = '<td><font size="1" color="%s">Read on: an offer <a href="http://x.test/">here</a></font></td>'


def signs(html):
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    return [(one.sign, one.snippet) for one in examine_drawn(page, offer_in)]


def offer_in(text):
    return ("an offer", ("offer",)) if "an offer" in text else None


def escaped(text):
    return "".join(f"\\{ord(character):x} " for character in text)


@pytest.mark.parametrize("text", ["here is an offer for you", "内部消息每日推送 加薇abc2024x"])
def test_a_style_sheet_draws_an_offer_or_a_handle(text):
    assert signs(DRAWN % escaped(text)) == [(TamperSign.LURE, text)]
    assert signs(DRAWN % text) == [(TamperSign.LURE, text)]


@pytest.mark.parametrize(
    "text",
    [
        "\\e60a",
        "Opens in a new window",
        "欢迎参加威海2024年夏令营活动",
        "Join our Telegram channel",
        "客服微信：school2024",
        "\\201c \\201d",
        "Welcome to the school.",
    ],
)
def test_icons_labels_quotation_marks_and_what_the_page_says_are_none(text):
    assert signs(DRAWN % text) == []


def test_an_offer_in_the_smallest_white_letters_is_hidden():
    assert signs(TINY % "#FFFFFF") == [(TamperSign.HIDDEN_TEXT, "Read on: an offer here")]


@pytest.mark.parametrize(
    "html", [TINY % "#999999", (TINY % "white").replace('"1"', '"3"'), (TINY % "white").replace("an offer", "a word")]
)
def test_grey_signatures_white_headings_and_other_words_are_none(html):
    assert signs(html) == []
