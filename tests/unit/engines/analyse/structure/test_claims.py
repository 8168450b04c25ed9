import pytest

from app.engines.analyse.structure.claims import Manner, claims_of
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content


@pytest.fixture(scope="module")
def claims(brands):
    def read(html, title=""):
        return [
            (claim.brand.name, claim.manner) for claim in claims_of(title, read_content(HtmlDocument(html)), brands)
        ]

    return read


def test_a_title_of_general_words_and_a_brand_is_the_brands(claims):
    assert claims("", "招商银行信用卡 - 积分兑换") == [("招商银行", Manner.WHOLE)]
    assert claims("", "DHL | Your shipment") == [("DHL", Manner.PART)]


def test_headings_and_logos_count_below_a_title_that_names_nobody(claims):
    assert claims("<h1>PayPal</h1>", "Welcome") == [("PayPal", Manner.WHOLE)]
    assert claims("<h1>PayPal</h1>", "Flower shop") == []
    assert claims("<img alt=支付宝>", "登录") == [("支付宝", Manner.WHOLE)]
    assert claims("<img alt=支付宝><img alt=云闪付>", "登录") == []


@pytest.mark.parametrize(
    "text",
    [
        "中国建设银行股份有限公司 版权所有",
        "版权所有：中国建设银行",
        "中国建设银行信用卡中心 24小时客户服务热线",
        "© 2026 中国建设银行",
    ],
)
def test_an_imprint_names_the_owner(claims, text):
    assert claims(f"<p>{text}</p>") == [("中国建设银行", Manner.IMPRINT)]


@pytest.mark.parametrize(
    "text", ["支持中国银联付款的商城 版权所有 沐山茶业", "版权所有 沐山茶业 支付宝", "建设银行的客户"]
)
def test_a_name_that_only_stands_near_an_imprint_is_not_its_owner(claims, text):
    assert claims(f"<p>{text}</p>") == []


LOGIN_HTML = "<img alt=Microsoft><h1>Enter password</h1><form><input type=password></form>"


def test_a_lone_logo_above_a_password_says_whose_login_it_is(brands):
    page = read_content(HtmlDocument(LOGIN_HTML))
    assert [claim.brand.name for claim in claims_of("Sign in to your account", page, brands)] == ["Microsoft"]


@pytest.mark.parametrize(
    "html",
    [
        LOGIN_HTML + "<p>Sign in with Microsoft</p>",
        LOGIN_HTML + "<p>Sign in with your organizational account</p>",
        LOGIN_HTML + "<img alt='Northvale Council'>",
        LOGIN_HTML + "<p>" + "Our offices are open from nine to five. " * 12 + "</p>",
    ],
)
def test_a_logo_that_all_sites_let_people_sign_in_with_claims_nothing(brands, html):
    assert claims_of("Sign in to your account", read_content(HtmlDocument(html)), brands) == ()
