"""Names of hosts: what they are named after, and whose they are."""

import pytest

from app.engines.analyse.own_site.own_addresses import is_akin, named_in_the_open, names_trade, trade_of
from app.engines.html.own_page import OwnLink


def link(domain: str, *, hidden: str | None = None, is_inactive: bool = False) -> OwnLink:
    url = f"https://www.{domain}/"
    return OwnLink(url, domain, "a text", "p > a", url, hidden, is_inactive)


@pytest.mark.parametrize(
    "url",
    [
        "https://go.goldspin-casino.test/",
        "https://m.hkwin88bet.test/live",
        "//tj.ty365bocai.test/tz.js",
        "https://take-my-exam.test/",
        "https://quickloan-hk.test/",
    ],
)
def test_hosts_are_named_after_a_trade(url):
    assert names_trade(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.better-homes.test/",
        "https://www.essex.test/",
        "https://alphabet.test/",
        "https://www.library.test/casino",
        "https://www.xxx.com/",
    ],
)
def test_ordinary_hosts_are_not(url):
    assert not names_trade(url)


def test_path_and_query_count_when_asked_for():
    assert names_trade("https://cdn.library.test/a.js?zone=slots_uk", whole=True)


def test_domains_with_a_name_in_common_are_akin():
    assert is_akin("www.lugg-arrow-navigation.test", "www.luggarrow-rivers.test")
    assert not is_akin("www.northgate-university.test", "papers-university.test")


def test_a_host_is_named_in_the_open_by_a_link_that_is_seen_or_by_its_name():
    is_named = named_in_the_open(
        lambda: [link("partner.test"), link("secret.test", hidden="display_none"), link("off.test", is_inactive=True)],
        "https://www.riverside-ferry.test/",
    )
    assert is_named("shop.partner.test")
    assert is_named("www.riverside-line.test")
    assert not is_named("secret.test")
    assert not is_named("off.test")


def test_a_host_of_a_trade_is_no_partner_of_anybody():
    assert not named_in_the_open(lambda: [link("big-casino.test")], "https://a.test/")("www.big-casino.test")


def test_links_to_trades_are_counted_by_domain():
    assert trade_of([link("big-casino.test"), link("big-casino.test"), link("partner.test")]) == {"big-casino.test"}
