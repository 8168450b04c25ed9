"""Categories: exact suffixes from the lists, nothing guessed."""

from contextlib import suppress
from importlib.resources import files

import pytest

from app.engines.identify.classify import classify, read_list, serves_sheets, service_of, services_at
from app.engines.scope import registrable_domain
from app.inventory.queries.party_totals import NO_SERVICE
from app.inventory.tables import site_services

DATA = files("app.engines.identify") / "data"
CATEGORIES = {
    "ads", "analytics", "app_store", "bank", "captcha", "cdn", "cloud", "cms", "comments", "consent", "content",
    "customer_service", "developer", "ecommerce", "education", "fonts", "government", "hosting", "maps", "marketing",
    "news", "other", "payment", "portal", "search", "social", "storage", "tag_manager", "telecom", "trust_seal",
    "utility", "video",
}  # fmt: skip


@pytest.mark.parametrize(
    ("host", "category"),
    {
        "hm.baidu.com": "analytics",
        "www.baidu.com": "search",
        "api.map.baidu.com": "maps",
        "s4.cnzz.com": "analytics",
        "res.wx.qq.com": "social",
        "static.geetest.com": "captcha",
        "wpa.qq.com": "customer_service",
        "at.alicdn.com": "fonts",
        "g.alicdn.com": "cdn",
        "www.miit.gov.cn": "government",
        "www.tsinghua.edu.cn": "education",
        "fonts.googleapis.com": "fonts",
        "changyan.sohu.com": "comments",
        "corp.oss-cn-hangzhou.aliyuncs.com": "storage",
        "pan.baidu.com": "storage",
        "WWW.Google-Analytics.com.": "analytics",
        "someone.github.io": "hosting",
        "notbaidu.com": "unknown",
        "baidu.com.evil.test": "unknown",
        "evil.test": "unknown",
        "192.0.2.1": "unknown",
        "com": "unknown",
        "": "unknown",
    }.items(),
)
def test_the_longest_suffix_at_a_label_decides(host, category):
    assert classify(host) == category


def test_the_entry_also_says_the_name():
    service = service_of("hm.baidu.com")
    assert service is not None
    assert service.name == "百度统计"


def test_hosts_of_one_domain_belong_to_several_services_and_unlisted_hosts_to_none():
    hosts = ("hm.baidu.com", "tongji.baidu.com", "api.map.baidu.com", "evil.test")
    assert services_at(hosts) == {"百度地图": "maps", "百度统计": "analytics"}
    assert services_at(["evil.test", ""]) == {}


def test_a_service_has_one_category_wherever_it_is():
    """Its domains may have different ones: of a list of services each is one row."""
    hosts = ("www.googletagmanager.com", "tagmanager.google.com")
    assert [services_at([host]) for host in hosts] == [services_at(hosts)] * 2
    assert set(services_at(hosts)) == {"Google Tag Manager"}


def test_no_service_has_the_name_that_asks_for_third_parties_without_one():
    assert NO_SERVICE not in {name for _, _, name in every_line()}


def test_names_fit_into_their_column():
    assert max(len(name) for _, _, name in every_line()) <= site_services.c.service.type.length


def every_line():
    return [
        row for name in ("services.tsv", "third_party_web.tsv") for row in read_list((DATA / name).read_text("utf-8"))
    ]


def test_no_name_was_decoded_twice():
    for _, _, name in every_line():
        with suppress(UnicodeError):
            assert name.encode("latin-1").decode() == name


@pytest.mark.parametrize("name", ["services.tsv", "third_party_web.tsv"])
def test_every_line_of_a_list_is_a_lower_case_domain_with_a_known_category(name):
    rows = read_list((DATA / name).read_text("utf-8"))
    domains = [domain for domain, _, _ in rows]
    assert len(domains) == len(set(domains))
    assert {category for _, category, _ in rows} <= CATEGORIES
    for domain, _, service in rows:
        assert domain == domain.lower().strip(".")
        assert domain.isascii()
        assert service


def test_our_own_list_knows_at_least_400_chinese_services():
    rows = read_list((DATA / "services.tsv").read_text("utf-8"))
    chinese = [
        domain
        for domain, _, name in rows
        if domain.endswith(".cn") or any("\u4e00" <= character <= "\u9fff" for character in name)
    ]
    assert len({registrable_domain(domain) for domain in chinese}) >= 400


def test_the_vendored_list_carries_its_licence():
    assert "MIT License" in (DATA / "third_party_web.LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    ("host", "serves"),
    [
        ("cdn.jsdelivr.net", True),
        ("cdn.bootcdn.net", True),
        ("fonts.googleapis.com", True),
        ("hm.baidu.com", False),
        ("jsdelivr.net.evil.test", False),
        ("static.unknown.test", False),
    ],
)
def test_services_that_sites_have_their_sheets_from(host, serves):
    assert serves_sheets(host) is serves
