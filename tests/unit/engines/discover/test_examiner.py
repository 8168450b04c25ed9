import pytest

from app.engines.discover.dictionary import ResolverHealth
from app.engines.discover.examiner import HostExaminer
from app.engines.discover.hostnames import DICTIONARY, PERMUTATION, HostnameIndex
from app.engines.model import FetchResult


@pytest.fixture
def hostnames():
    return HostnameIndex()


@pytest.fixture
def examiner(dns, web, label, hostnames):
    return HostExaminer(
        target="a.test", resolver=dns, fetcher=web, health=ResolverHealth(), hostnames=hostnames, label=label
    )


@pytest.mark.parametrize("source", [DICTIONARY, PERMUTATION])
async def test_a_guess_that_does_not_exist_is_nothing(examiner, hostnames, source):
    hostnames.add("x.a.test", source)
    assert await examiner.examine("x.a.test") is None


async def test_a_name_that_somebody_named_is_a_host_also_without_an_address(examiner, hostnames):
    hostnames.add("x.a.test", DICTIONARY)
    hostnames.add("x.a.test", "page")
    assert (await examiner.examine("x.a.test")).addresses == ()


async def test_real_hosts_below_wildcards_of_several_levels_are_kept(examiner, hostnames, dns, web):
    dns.addresses |= {
        "a.test": ("127.64.0.1",),
        "*.a.test": ("127.64.0.9",),
        "*.eu.a.test": ("127.64.0.8",),
        "eu.a.test": ("127.64.0.7",),
        "www.eu.a.test": ("127.64.0.2",),
    }
    web.pages |= {f"*.{zone}": FetchResult("", "", 200, body=b"any") for zone in ("a.test", "eu.a.test")}
    web.serve("https://shop.eu.a.test/", "<title>Shop</title>")
    names = ("www.eu.a.test", "shop.eu.a.test", "other.eu.a.test", "mail.a.test")
    for name in names:
        hostnames.add(name, DICTIONARY)
    found = [name for name in names if await examiner.examine(name) is not None]
    assert found == ["www.eu.a.test", "shop.eu.a.test"]
    assert set(examiner.wildcard_zones) == {"a.test", "eu.a.test"}


async def test_what_the_dns_tells_apart_needs_no_page(examiner, dns, web):
    dns.addresses |= {"*.a.test": ("127.64.0.9",), "www.a.test": ("127.64.0.2",)}
    assert await examiner.stands_out("www.a.test")
    assert not await examiner.stands_out("mail.a.test")
