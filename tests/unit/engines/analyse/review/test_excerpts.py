from app.engines.analyse.review.excerpts import Excerpts
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

FILLER = "本公司成立于一九九八年，主要生产各类水泵、阀门和管件。" * 60


def test_the_windows_stand_where_the_words_of_a_trade_do(lexicon, normaliser, make_subject):
    text = f"{FILLER}网上赌场 首存送彩金 真人荷官{FILLER}"
    html = "<a href=/a>首页</a><meta name=description content=水泵>"
    found = Excerpts(lexicon=lexicon, normaliser=normaliser).of_subject(make_subject(text, html=html, title="水泵"))
    assert "首存送彩金" in found.windows[0]
    assert (found.host, found.title, found.meta, found.links) == ("www.party.example", "水泵", "水泵", "首页")


def test_a_page_of_the_target_shows_what_its_links_to_others_say(lexicon, normaliser):
    document = HtmlDocument("<title>公司</title><p>水泵</p><a href=http://bets.example/>合作伙伴</a>")
    url = "http://a.test/x"
    page = own_page_of(document, extract_document(document, url=url, headers=()), url)
    found = Excerpts(lexicon=lexicon, normaliser=normaliser).of_own(page)
    assert (found.host, found.title, found.links) == ("a.test", "公司", "合作伙伴")
    assert "水泵" in found.windows[0]


def test_an_empty_page_has_none(lexicon, normaliser, make_subject):
    assert Excerpts(lexicon=lexicon, normaliser=normaliser).of_subject(make_subject("")) is None
