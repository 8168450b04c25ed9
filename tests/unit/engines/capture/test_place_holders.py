"""Every rule for notices: a page that it is for, and one that looks like it and stays content."""

import pytest

from app.engines.capture.page_class import classify
from app.engines.capture.place_holders import HOSTS, RULES, SOURCES, class_of_host, class_of_source, matching
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from tests.support.cpu_time import least_cpu_s

# Rule: (title, text of the notice, text of the near miss).
CASES = {
    "icp.unfiled": (
        "提示",
        "抱歉，您请求的页面所在主机未备案，暂停访问。",
        "新手问答：主机未备案会怎样？我们的客服可以协助办理，办理期间请耐心等待。",
    ),
    "icp.unfiled_site": (
        "",
        "该域名尚未备案，请联系网站管理员。",
        "该协会提醒：购买商品前请看清企业是否备案，该网站长期更新名单。",
    ),
    "icp.rules_unmet": (
        "",
        "该站没有按照工信部要求办理备案手续。",
        "本站已按照工信部要求办理备案手续，备案号见页脚。",
    ),
    "icp.regulator": (
        "访问受限",
        "根据通信管理局通知，站点已关闭。",
        "根据工信部统计，去年光缆线路总长度继续增长。",
    ),
    "icp.mismatch": (
        "",
        "备案信息与实际使用者不符，暂停接入。",
        "如果备案信息与营业执照不符，请先到窗口更正，三个工作日办结。",
    ),
    "icp.revoked": (
        "",
        "此网站的备案号已被注销。",
        "公司注销后多久可以重新备案？网站管理员请看这份说明。",
    ),
    "icp.not_connected": (
        "",
        "该网站未在本服务商接入备案。",
        "该网站介绍如何接入支付接口，备案号在页脚。",
    ),
    "icp.empty_shell": (
        "",
        "备案主体为空壳主体，服务已停止接入。",
        "什么是空壳网站？备案讲堂为您解答，欢迎随时访问。",
    ),
    "icp.english": (
        "Blocked",
        "This host has been suspended: it was found without an ICP filing.",
        "Our guide explains how to get an ICP filing in two weeks. Suspended ceilings are another of our topics.",
    ),
    "icp.english_required": (
        "",
        "ICP registration is required before this page can be shown.",
        "Our ICP registration service is open to foreign companies.",
    ),
    "sale.zh": ("", "本域名现诚意转让，欢迎来电。", "本公司承接域名注册业务，另有二手车出售。"),
    "sale.zh_title": ("hao-mingzi.com 出售", "电话见下。", "店面出售，电话见下。"),
    "sale.zh_running": ("", "好域名转让中，欢迎联系。", "域名转让流程：先解锁，再取得转移码。"),
    "sale.zh_buy": ("", "点击这里购买此域名。", "购买域名后请完成实名认证。"),
    "sale.zh_can_be_bought": ("", "该域名可以购买，价格面议。", "该域名可以使用两种邮箱服务，说明如下。"),
    "sale.en": ("", "The premium domain name quiet-river.example is for sale.", "The house by the river is for sale."),
    "sale.en_named": (
        "quiet-river.com is for sale",
        "Ask us.",
        "Everything in this shop is for sale, even the shelves.",
    ),
    "sale.en_buy": ("", "Buy this domain today.", "Buy this book in our domain-driven design collection."),
    "sale.en_offer": ("", "Make an offer on this domain.", "Make an offer on this guitar, and we will answer."),
    "sale.en_auction": ("", "This domain name is at auction until Friday.", "The painting is at auction until Friday."),
    "sale.en_lease": ("", "A domain for you: lease to own from 20 a month.", "Cars: lease to own from 200 a month."),
    "sale.en_ask": ("", "Interested in this domain? Write to us.", "Interested in this course? Write to us."),
    "expired.zh": ("", "您访问的域名已过期。", "您的会员已过期，登录后可以查看域名列表。"),
    "expired.zh_renew": ("", "域名到期，请尽快办理续费。", "域名到期提醒服务介绍：提前三十天发送短信。"),
    "expired.zh_redemption": ("", "域名当前处于赎回期。", "名词解释：赎回期是什么，域名为何有它。"),
    "expired.en": ("", "This domain name has expired.", "This offer has expired. Our domain of expertise is wood."),
    "expired.en_redemption": (
        "",
        "The domain name is currently pending renewal or deletion.",
        "The renewal of the harbour domain is planned for next year.",
    ),
    "expired.en_unverified": (
        "",
        "The domain has been suspended because the registrant was not verified.",
        "The bridge has been suspended from two towers in the public domain.",
    ),
    "parked.zh": ("", "域名已停放。", "本市新增停放车位三千个，域名为公益网站。"),
    "parked.zh_unused": ("", "本域名已被注册，尚未建站。", "本域名为学校官方域名，已注册使用二十年。"),
    "parked.en": ("", "The domain is parked here.", "The car is parked here, at the domain of the duke."),
    "parked.en_free": ("", "Parked free, courtesy of a registrar.", "We parked our bikes at the free museum."),
    "parked.en_registered": (
        "",
        "This domain has been registered with a provider.",
        "This trade mark has been registered with the office.",
    ),
    "parked.en_future": ("", "Future home of something quite cool.", "The future home of our family is in the hills."),
    "parked.en_listings": (
        "",
        "Related searches: flights, hotels. Domain owner? Log in.",
        "Related searches: pumps, valves, seals.",
    ),
}  # fmt: skip
PARKING_OR_FILING = [rule for rule in RULES if rule.page_class in ("parked", "icp_block", "for_sale", "expired")]


def class_of(title: str, text: str) -> str:
    page = read_content(HtmlDocument(f"<title>{title}</title><p>{text}</p>"))
    return classify(page, status=200, final_url="http://a.test/")


def test_there_are_at_least_25_rules_and_each_has_its_case():
    assert len(PARKING_OR_FILING) >= 25
    assert list(CASES) == [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_notice_is_recognised_by_its_rule(rule):
    title, notice, _ = CASES[rule.id]
    assert rule in list(matching(title, notice))
    assert class_of(title, notice) == rule.page_class


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_near_miss_stays_content(rule):
    assert list(matching("", CASES[rule.id][2])) == []
    assert class_of("", CASES[rule.id][2]) == "content"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_long_page_that_quotes_a_notice_stays_content(rule):
    title, notice, _ = CASES[rule.id]
    assert class_of(title, notice + "其余的文章内容。" * 300) == "content"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("//www.google.com/adsense/domains/caf.js", "parked"),
        ("https://img1.wsimg.com/parking-lander/static/main.js", "parked"),
        ("https://d38psrni17bvxu.cloudfront.net/scripts/js.js", "parked"),
        ("https://parking.bodiscdn.com/app.js", "parked"),
        ("https://batit.aliyun.com/alww.html", "icp_block"),
        ("https://dnspod.qcloud.com/static/webblock.html?d=a.test", "icp_block"),
        ("https://www.google.com/adsense/start/", None),
        ("https://img1.wsimg.com/blobby/go/main.js", None),
        ("https://notbodiscdn.com/app.js", None),
        ("https://d38psrni17bvxu.cloudfront.net.evil.test/x.js", None),
        ("/adsense/domains/caf.js", None),
        ("javascript:void(0)", None),
        ("", None),
    ],
)
def test_scripts_and_frames_of_parking_services_are_known(source, expected):
    assert class_of_source(source) == expected
    page = read_content(HtmlDocument(f"<p>Nothing to see</p><script src='{source}'></script>"))
    assert classify(page, status=200, final_url="http://a.test/") == (expected or "content")


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_below_a_parking_service_count_and_names_that_end_alike_do_not(host):
    assert class_of_host(host) == class_of_host(f"www.{host}") == HOSTS[host]
    assert class_of_host(f"not{host}") is None
    assert class_of_host(f"{host}.evil.test") is None


def test_the_tables_are_lower_case():
    assert all(text == text.lower() for text in (*HOSTS, *SOURCES))


@pytest.mark.parametrize("text", ["this domain is ", "the domain a.b.c is ", "该域名", "备案 ", "a-.", "域名已 "])
def test_hostile_text_takes_no_time(text):
    said = (text * 1_500)[:1_500]
    assert least_cpu_s(lambda: list(matching(said, said)), enough_s=0.05) < 0.05
