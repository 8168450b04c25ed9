import pytest

from app.engines.analyse.pretences import examine_pretences
from app.engines.html.document import HtmlDocument

MAILBOX = (
    "<h2>邮箱系统升级通知</h2><p>因服务器扩容，所有账号须于周五前备案，未备案的邮箱将被停用并清除数据。</p>"
    "<form><input name=user placeholder=邮箱账号><input type=password name=a placeholder=邮箱密码>"
    "<input type=password name=b placeholder=再次输入密码></form>"
)
GRANT = "<h1>关于发放个人劳动补贴的通知</h1><p>请扫描下方二维码，登记银行卡领取，逾期视为放弃。</p><img src=q.png>"
OUTLET = "<h1>CLOSING DOWN SALE: up to 90% off</h1><p>Last day: everything must go before midnight.</p>"
SALE = "https://make-clearance.example/"


@pytest.fixture
def rules(make_subject):
    def judge(html, **more):
        subject = make_subject(HtmlDocument(html).visible_text, html=html, **more)
        return {signal.evidence.rule: signal.evidence.score for signal in examine_pretences(subject)}

    return judge


def test_a_mailbox_that_ends_unless_its_password_is_given_twice(rules):
    assert rules(MAILBOX)["mailbox_form"] >= 0.5


def test_an_english_mailbox_with_a_quota(rules):
    html = (
        "<p>Your mailbox exceeded its storage quota and will be deactivated today.</p><form><input name=email>"
        "<input name=phone><input type=password name=pass></form>"
    )
    assert rules(html)["mailbox_form"] >= 0.5


@pytest.mark.parametrize(
    "html",
    [
        MAILBOX.replace("<input type=password name=b placeholder=再次输入密码>", ""),  # a webmail's own login
        MAILBOX.replace("邮箱密码", "原密码").replace("再次输入密码", "新密码"),  # a change of password
        MAILBOX.replace("停用并清除数据", "改名"),  # nothing ends
        MAILBOX + "<p>谨防钓鱼邮件，切勿在其他网页输入密码。</p>",
        "<p>因服务器扩容升级，未备案的邮箱将被停用，请到信息中心办理。</p>",  # nothing is asked
    ],
)
def test_logins_changes_and_notices_stay_clean(rules, html):
    assert rules(html) == {}


def test_money_of_the_state_for_whom_scans_a_code(rules):
    assert rules(GRANT)["scanned_grant"] >= 0.5


@pytest.mark.parametrize(
    "html",
    [
        GRANT.replace("银行卡", "姓名"),
        GRANT.replace("请扫描下方二维码，登记银行卡领取", "补贴发放至社会保障卡银行账户"),
        GRANT + "<p>这是诈骗，切勿扫码。</p>",
        GRANT.replace("<img src=q.png>", ""),
        GRANT + "<p>正文</p>" * 800,
    ],
)
def test_offices_that_pay_and_those_that_warn_stay_clean(rules, html):
    assert rules(html) == {}


def test_governments_and_schools_collect_by_codes_themselves(rules):
    assert rules(GRANT, url="https://www.chengxi.gov.cn/tzgg/1.html") == {}
    assert rules(GRANT, url="https://www.school.edu.cn/1.html") == {}


def test_who_signs_in_by_phone_asks_for_a_code(rules):
    html = MAILBOX.replace("<input type=password name=b placeholder=再次输入密码>", "<input placeholder=手机号>")
    assert "mailbox_form" in rules(html)
    assert rules(html + "<input placeholder=短信验证码>") == {}


def test_an_outlet_that_closes_today(rules):
    assert rules(OUTLET, url=SALE)["outlet_sale"] >= 0.5


@pytest.mark.parametrize(
    ("html", "url"),
    [
        (OUTLET, "https://www.town-shoes.example/"),
        (OUTLET.replace("90%", "50%"), SALE),
        ("<h1>Last season: 90% off shipping</h1>", SALE),
        (OUTLET + "<p>Beware of fake outlets that use our name.</p>", SALE),
    ],
)
def test_ordinary_sales_stay_clean(rules, html, url):
    assert rules(html, url=url) == {}
