"""Goods in the structured data of a page that the page does not speak of."""

import json

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_structured import examine_structured
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of
from tests.support.cpu_time import least_cpu_s

URL = "https://www.school.test/"
TYPE = "text/html; charset=utf-8"
BAG = {
    "@type": "Product",
    "name": "Copied Leather Handbag Classic Flap",
    "offers": {"@type": "Offer", "price": "99.00", "url": "https://bags.outlet.test/p/4"},
}
MORE = "Lessons begin at eight. The library is open until five on all days but Friday. Parents are welcome in the hall."
SCHOOL = {"@type": "School", "name": "Hill School", "url": "https://www.school.test/"}


def found(*nodes, text="Welcome to the school. Term begins on Monday.", partner="", source=None, head=""):
    data = source or json.dumps({"@context": "https://schema.org", "@graph": [SCHOOL, *nodes]}, ensure_ascii=False)
    html = (
        f'<title>Hill School</title><script type="application/ld+json">{data}</script><p>{text}</p><p>{MORE}</p>{head}'
    )
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    return [(one.sign, one.terms) for one in examine_structured(page, lambda host: host == partner, offer_in)]


def offer_in(text):
    return ("an offer", ("offer",)) if "an offer" in text else None


def test_goods_of_a_foreign_host_that_the_page_is_silent_about_are_a_sign():
    assert found(BAG) == [(TamperSign.DESCRIPTION, (BAG["name"],))]
    assert found({**BAG, "offers": [BAG["offers"]]}) == [(TamperSign.DESCRIPTION, (BAG["name"],))]
    assert found({**BAG, "name": "仿制真皮手提包经典款"}) == [(TamperSign.DESCRIPTION, ("仿制真皮手提包经典款",))]


def test_an_offer_of_a_trade_is_one_on_the_own_host_as_well():
    own = {**BAG, "name": "Pills, an offer for everyone", "offers": {"price": "1", "url": "/p/4"}}
    assert found(own) == [(TamperSign.HIDDEN_TEXT, ("offer",))]
    casino = {**BAG, "offers": {"price": "1", "url": "https://www.royal-casino.test/"}}
    assert found(casino) == [(TamperSign.HIDDEN_TEXT, ("www.royal-casino.test",))]


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([BAG], "We recommend this leather handbag, the classic flap."),
        ([{**BAG, "name": "仿制真皮手提包经典款"}], "学校文创手提包经典款开售。"),
        ([{**BAG, "offers": {"price": "99.00", "url": "https://shop.school.test/p/4"}}], "Welcome."),
        ([{**BAG, "@type": "Event", "name": "Raffle night of the parents"}], "Welcome."),
        ([{**BAG, "offers": {"url": "https://bags.outlet.test/p/4"}}], "Welcome."),
        ([{**BAG, "name": "A4"}], "Welcome."),
    ],
)
def test_reviews_own_shops_events_and_what_has_no_price_are_none(nodes, text):
    assert found(*nodes, text=text) == []


def test_a_host_that_the_page_names_elsewhere_is_none():
    assert found(BAG, head="<link rel=canonical href='https://www.outlet.test/'>") == []


def test_partners_and_what_cannot_be_read_are_none():
    assert found(BAG, partner="bags.outlet.test") == []
    assert found(source='{"offers": [') == []
    assert found(source='{"offers": ' + "[" * 90_000) == []
    assert (
        found(source='["offers", {"@type": "Product", "name": 4, "offers": {"price": 1}}]'.replace('"offers",', ""))
        == []
    )


def test_a_page_of_very_many_goods_costs_little():
    offers = {"price": 1, "url": "//z.example/"}
    goods = [{"@type": "Product", "name": f"qwertyuiop zxcvbnm{number}", "offers": offers} for number in range(900)]
    block = f'<script type="application/ld+json">{json.dumps(goods)}</script>'
    html = f"<title>Hill School</title>{block * 20}<p>{MORE}</p><a href='//z.example/'>z.example</a>{'x' * 2_500_000}"
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)

    def examine():
        assert list(examine_structured(page, lambda _: False, offer_in)) == []

    assert least_cpu_s(examine, enough_s=0.3) < 0.3
