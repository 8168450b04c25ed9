"""Codes to pay with that a foreign host serves."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_payees import examine_payees
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

URL = "https://www.school.test/give/"
TYPE = "text/html; charset=utf-8"
CODE = """<p>Please pay the fees of the trip with this code.</p>
<img class="qr" src="https://i.pics.test/8.png" alt="Code">
<p>From today the money goes to a temporary account of Mrs Lee.</p>"""
CHINESE = (
    """<h3>扫码捐赠</h3><img src="//i.pics.test/8.png" alt="捐赠二维码"><p>因账户升级，暂由会计个人账户代收。</p>"""
)


def signs(html, partner=""):
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    return [one.sign for one in examine_payees(page, lambda host: host == partner)]


@pytest.mark.parametrize("html", [CODE, CHINESE])
def test_a_foreign_code_beside_news_of_another_account_is_a_lure(html):
    assert signs(html) == [TamperSign.LURE]


@pytest.mark.parametrize(
    "html",
    [
        CODE.replace("i.pics.test", "img.school.test"),
        CODE.replace("goes to a temporary account", "is spent on the bus"),
        CODE.replace("goes to a temporary account", "never goes to a personal account"),
        CODE.replace("From today the money goes to a temporary account", "Transfer money after you open a new account"),
        CODE.replace("pay the fees of the trip with", "open the map of the trip with"),
        CODE.replace('class="qr"', 'class="photo"'),
        CHINESE.replace("暂由会计个人账户代收", "户名不变，请核对收款人"),
        CHINESE.replace("因账户升级，暂由会计个人账户代收", "本校从不使用个人账户收款，谨防假冒"),
    ],
)
def test_own_codes_photos_and_warnings_are_none(html):
    assert signs(html) == []


def test_the_code_of_a_known_service_is_none():
    assert signs(CODE, "i.pics.test") == []
