"""Words of the trades on own pages: titles, links side by side, links that nobody sees, what scripts write."""

import math

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_words import DOUBTFUL_HEAD, SURE_HEAD, SURE_LINE, OwnWords
from app.engines.analyse.text.classifier import Opinion
from app.engines.html.own_page import OwnLink, OwnPage
from app.engines.html.page_content import PageContent

URL = "https://www.school.example/"
LIST = "html > body > ul > li:nth-child({at}) > a"


class FakePassages:
    """Says what it was told of texts that have a word in them; of others that they are clean."""

    version = "1"

    def __init__(self, **margins):
        self._margins = margins

    def margin(self, text):
        return max((value for word, value in self._margins.items() if word in text), default=-math.inf)

    def terms(self, text):
        return tuple(word for word in self._margins if word in text)


class FakeClassifier:
    def __init__(self, confidence=0.0):
        self.asked = 0
        self._confidence = confidence

    def opinion(self, title, page, least):
        self.asked += 1
        return Opinion(self._confidence, ("word",), "a word there") if self._confidence >= least else None


def page(title="", meta=()):
    return OwnPage(URL, title, "", meta, "", frozenset(), "", list, str, list, list, PageContent)


def judged(title, margin, confidence=0.0):
    classifier = FakeClassifier(confidence)
    words = OwnWords(passages=FakePassages(offer=margin), classifier=classifier)
    signs = [one.sign for one in words.examine_head(page(title))]
    return signs, classifier.asked


def test_most_titles_get_a_first_look_alone():
    assert judged("School notice", 5.0) == ([], 0)


def test_a_title_that_reads_like_an_offer_is_a_sign():
    assert judged("offer", SURE_HEAD + 1)[0] == [TamperSign.HEAD_WORDS]


def test_of_a_doubtful_title_the_page_decides():
    doubtful = (SURE_HEAD + DOUBTFUL_HEAD) / 2
    assert judged("offer", doubtful, 0.9) == ([TamperSign.WORDS], 1)
    assert judged("offer", doubtful, 0.5) == ([], 1)
    assert judged("offer", DOUBTFUL_HEAD - 1, 0.9) == ([], 0)


def link(text, at=1, *, host=None, path=LIST, hidden=None, is_inactive=False):
    host = host or f"www.site-{at}.test"
    return OwnLink(f"https://{host}/", host.partition(".")[2], text, path.format(at=at), text, hidden, is_inactive)


def linked(links, *, known=(), by_visitors=False):
    words = OwnWords(passages=FakePassages(offer=2.0, mild=1.6, weak=1.0), classifier=FakeClassifier())
    return [one.sign for one in words.examine_links(links, lambda host: host in known, by_visitors=by_visitors)]


def test_links_of_the_trade_side_by_side_to_three_sites_are_a_block():
    links = [link(f"mild {at}", at) for at in range(3)]
    assert linked(links) == [TamperSign.LINK_BLOCK]
    assert linked(links[:2]) == []
    assert linked([link(f"mild {at}", at, host="www.one.test") for at in range(3)]) == []
    assert linked([link(f"weak {at}", at) for at in range(3)]) == []
    assert linked([link(f"partner {at}", at) for at in range(3)]) == []
    assert linked(links, known={"www.site-0.test"}) == []


def test_links_that_nobody_sees_need_fewer_and_weaker_words():
    hidden = [link(f"weak {at}", at, hidden="display_none") for at in range(2)]
    assert linked(hidden) == [TamperSign.LINK_BLOCK]
    assert linked(hidden[:1]) == []
    assert linked([link("offer", hidden="display_none")]) == [TamperSign.HIDDEN_LINK]
    assert linked([link(f"weak {at}", at, host="www.one.test", hidden="clip") for at in range(2)]) == [
        TamperSign.HIDDEN_LINK
    ]
    assert linked([link(f"weak {at}", at, is_inactive=True) for at in range(2)]) == [TamperSign.LINK_BLOCK]
    assert linked([link("partner", hidden="display_none")]) == []


@pytest.mark.parametrize("by_visitors", [True, False])
def test_three_offers_far_from_each_other_are_a_note(by_visitors):
    """In a guest book or below an article, each in an entry of its own."""
    apart = [link("offer", at, path=f"html > body > div:nth-child({{at}}) > p:nth-child({at}) > a") for at in range(3)]
    assert linked(apart, by_visitors=by_visitors) == [TamperSign.LINK_PAIR]
    assert linked(apart[:2], by_visitors=by_visitors) == []
    mild = [link("mild", at, path="html > body > div:nth-child({at}) > p > a") for at in range(3)]
    assert linked(mild, by_visitors=by_visitors) == []


def test_what_a_script_writes_is_read_without_its_code_and_markup():
    words = OwnWords(passages=FakePassages(offer=2.0, function=9.0), classifier=FakeClassifier())
    code = """(function(a){var b=document;b.write('<p>the best offer</p><a href="https://x.test/">here</a>')})()"""
    assert words.offer_in(code) == ("the best offer here", ("offer",))
    assert words.offer_in("var a = 'School notice of today'; function b() {}") is None


def signs_of_lines(text):
    words = OwnWords(passages=FakePassages(offer=SURE_LINE + 1), classifier=FakeClassifier())
    return [one.sign for one in words.examine_lines(text)]


@pytest.mark.parametrize("handle", ["加老师微 abcd-5203", "加薇kk88pp", "+52 155 0000 0000 WhatsApp", "微信：abc12345"])
def test_a_line_that_offers_and_leaves_a_handle_is_unsure(handle):
    assert signs_of_lines(f"About us\noffer {handle} today") == [TamperSign.TEXT_UNSURE]
    assert signs_of_lines(f"About us\n{handle} today") == []


@pytest.mark.parametrize("line", ["offer 参加威海2024年活动", "offer +44 20 7946 0000", "offer 加油微笑 smile"])
def test_places_and_telephone_numbers_are_no_handles(line):
    assert signs_of_lines(line) == []
