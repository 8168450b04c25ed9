import itertools

import pytest

from app.engines.discover.liveness import LivenessProber
from app.engines.discover.wildcard import MAX_PROBES, WildcardDetector
from app.engines.model import FetchResult


@pytest.fixture
def detector(dns, web, label):
    return WildcardDetector(resolver=dns, prober=LivenessProber(web), label=label)


async def is_wildcard_only(detector, dns, name):
    wildcard = await detector.wildcard_for(name)
    return wildcard is not None and await detector.is_wildcard_only(name, await dns.resolve(name), wildcard)


def hello(url):
    return FetchResult(url, url, 200, body=f"<title>Welcome</title>{url.split('/')[2]}".encode())


async def test_a_zone_without_wildcard_costs_three_questions(detector, dns):
    assert await detector.wildcard_for("www.a.test") is None
    assert len(dns.asked) == 3
    assert await detector.wildcard_for("other.a.test") is None
    assert len(dns.asked) == 3


async def test_a_name_that_shows_what_all_show_is_noise(detector, dns, web):
    dns.addresses["*.a.test"] = ("127.64.0.1",)
    web.pages["*.a.test"] = hello
    assert await is_wildcard_only(detector, dns, "mail.a.test")
    assert detector.zones == ["a.test"]


async def test_a_real_host_inside_the_zone_shows_something_else(detector, dns, web):
    dns.addresses["*.a.test"] = ("127.64.0.1",)
    web.pages["*.a.test"] = hello
    web.serve("https://shop.a.test/", "<title>Shop</title>")
    assert not await is_wildcard_only(detector, dns, "shop.a.test")


async def test_another_address_is_a_host_of_its_own_without_any_request(detector, dns, web):
    dns.addresses |= {"*.a.test": ("127.64.0.1",), "shop.a.test": ("127.64.0.2",)}
    await detector.wildcard_for("shop.a.test")
    before = len(web.asked)
    assert not await is_wildcard_only(detector, dns, "shop.a.test")
    assert len(web.asked) == before


async def test_another_cname_is_a_host_of_its_own(detector, dns):
    dns.cnames |= {"*.a.test": "*.pool.test", "shop.a.test": "shops.test"}
    dns.addresses |= {"*.pool.test": ("127.64.0.1",), "shops.test": ("127.64.0.1",)}
    assert await is_wildcard_only(detector, dns, "mail.a.test")
    assert not await is_wildcard_only(detector, dns, "shop.a.test")


async def test_a_pool_of_addresses_is_asked_until_it_shows_nothing_new(detector, dns):
    pool = itertools.cycle([("127.64.0.1",), ("127.64.0.2",), ("127.64.0.3",)])
    dns.addresses["*.a.test"] = lambda: next(pool)
    wildcard = await detector.wildcard_for("www.a.test")
    assert wildcard.addresses == {"127.64.0.1", "127.64.0.2", "127.64.0.3"}
    assert wildcard.stable
    assert 3 < len(dns.asked) < MAX_PROBES


async def test_an_endless_pool_is_judged_by_what_it_serves(detector, dns, web):
    numbers = itertools.count()
    dns.addresses["*.a.test"] = lambda: (f"127.64.1.{next(numbers)}",)
    web.pages["*.a.test"] = hello
    web.serve("https://shop.a.test/", "<title>Shop</title>")
    assert await is_wildcard_only(detector, dns, "mail.a.test")
    assert not await is_wildcard_only(detector, dns, "shop.a.test")
    assert not (await detector.wildcard_for("x.a.test")).stable


async def test_every_level_is_examined_by_itself(detector, dns):
    dns.addresses |= {"a.test": ("127.64.0.1",), "dev.a.test": ("127.64.0.1",), "*.dev.a.test": ("127.64.0.9",)}
    assert await detector.wildcard_for("www.a.test") is None
    assert await is_wildcard_only(detector, dns, "x.dev.a.test")


async def test_a_page_that_changes_by_itself_is_compared_by_what_stays(detector, dns, web):
    numbers = itertools.count()
    dns.addresses["*.a.test"] = ("127.64.0.1",)
    web.pages["*.a.test"] = lambda url: FetchResult(url, url, 200, body=b"<title>T</title>%d" % next(numbers))
    assert await is_wildcard_only(detector, dns, "mail.a.test")


async def test_in_a_silent_wildcard_the_host_that_answers_is_real(detector, dns, web):
    dns.addresses["*.a.test"] = ("127.64.0.1",)
    web.serve("http://shop.a.test/", "x")
    assert await is_wildcard_only(detector, dns, "mail.a.test")
    assert not await is_wildcard_only(detector, dns, "shop.a.test")
