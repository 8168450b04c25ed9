import pytest

from app.engines.analyse.structure.pretences import examine_pretences
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


HELPER = (
    "<h2>关闭自动扣费</h2><p>请在专员指导下下载会议助手并开启屏幕共享，将资金转入对公安全账户清算，30分钟内返还。</p>"
)
RENDER = (
    "<h2>Congratulations, you have been selected!</h2><p>Win an iPhone. Only 3 gifts left. Question 1 of 3.</p>"
    "<p>Pay 1.95 shipping by card.</p>"
)
AIRDROP = "<h1>Season 2 airdrop</h1><p>71% already claimed. Check eligibility.</p><button>Connect wallet</button>"
GIFT = (
    "<p>登录免费领取永久皮肤</p><form><input placeholder=QQ号码><input type=password placeholder=密码>"
    "<button>登录</button></form>"
)
WINDOW = (
    "<p>登录后接受报价</p><div>https://gamehouse.example/openid/login</div>"
    "<form><input name=u><input type=password name=p></form>"
)
COMPENSATION = (
    "<h2>航班取消通知</h2><p>请立即办理，领取300元补偿金。</p><form><input placeholder=乘机人姓名>"
    "<input placeholder=收款银行卡号></form>"
)


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        (HELPER, "screen_helper"),
        (RENDER, "everybody_wins"),
        (AIRDROP, "wallet_airdrop"),
        (GIFT, "game_gift"),
        (WINDOW, "painted_window"),
        (COMPENSATION, "paid_to_card"),
    ],
)
def test_who_helps_gives_or_pays_for_what_nobody_gives_away(rules, html, rule):
    assert rules(html)[rule] >= 0.5


@pytest.mark.parametrize(
    "html",
    [
        HELPER + "<p>凡是要求转入安全账户的都是诈骗。</p>",
        HELPER.replace("，将资金转入对公安全账户清算", ""),  # help at a distance
        RENDER.replace("Pay 1.95 shipping by card.", "Winners are told by mail."),
        RENDER.replace("Congratulations, you have been selected!", "Take part in our render"),
        AIRDROP.replace("airdrop", "pools").replace("claimed", "filled"),  # an exchange
        AIRDROP.replace("<button>Connect wallet</button>", "<p>What holders should know</p>"),  # news
        GIFT.replace("QQ号码", "手机号"),  # the game's own door
        GIFT.replace("免费领取永久皮肤", "管理个人资料"),  # a forum that knows people by such a number
        WINDOW.replace("gamehouse.example", "login.example").replace("<input type=password name=p>", ""),  # help
        WINDOW + "<p>" + "怎样判断登录页的真假。" * 200 + "</p>",  # a board with a login at its top
        COMPENSATION.replace("收款银行卡号", "订单号"),
        COMPENSATION.replace("请立即办理，领取300元补偿金", "审核时间为三个工作日"),
        COMPENSATION + "<p>警方提示：谨防冒充航空公司。</p>",
    ],
)
def test_help_draws_exchanges_own_doors_and_claims_in_peace_stay_clean(rules, html):
    assert rules(html) == {}


def test_a_sign_in_of_the_sites_own_is_no_painted_window(rules):
    html = WINDOW.replace("gamehouse.example", "id.shop.example")
    assert rules(html, url="https://www.shop.example/") == {}
