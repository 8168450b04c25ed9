import pytest

from app.domain.scan_facts import HostFact
from app.domain.scan_options import Scheme
from app.engines.crawl.start_pages import StartPages
from app.engines.model import ScanConfig


def host(name="a.test", *, http=False, https=False, wildcard=False):
    return HostFact(name, ("target",), ("127.64.0.1",), http_alive=http, https_alive=https, wildcard=wildcard)


@pytest.fixture
def start_pages():
    return StartPages(ScanConfig("a.test"))


def test_a_host_brings_its_start_page_and_https_is_preferred(start_pages):
    assert start_pages.start_page_of(host("www.a.test", http=True)) == "http://www.a.test/"
    assert start_pages.start_page_of(host(http=True, https=True)) == "https://a.test/"
    assert len(start_pages) == 2


def test_http_is_used_where_it_is_wanted_and_answers():
    start_pages = StartPages(ScanConfig("a.test", scheme=Scheme.HTTP))
    assert start_pages.start_page_of(host(http=True, https=True)) == "http://a.test/"
    assert start_pages.start_page_of(host("www.a.test", https=True)) == "https://www.a.test/"
    assert start_pages.required_pages() == ["http://a.test/"]


@pytest.mark.parametrize("fact", [host(), host(https=True, wildcard=True)])
def test_a_host_without_a_page_of_its_own_brings_none(start_pages, fact):
    assert start_pages.start_page_of(fact) is None


def test_start_urls_stand_for_all_start_pages():
    start_pages = StartPages(ScanConfig("a.test", start_urls=("https://a.test/x y",)))
    assert start_pages.start_page_of(host(https=True)) is None
    assert start_pages.fallback_page() is None
    assert start_pages.required_pages() == ["https://a.test/x%20y"]


def test_a_target_that_has_an_address_and_no_web_server_is_asked_once(start_pages):
    assert start_pages.fallback_page() is None
    start_pages.start_page_of(host())
    assert start_pages.fallback_page() == "http://a.test/"
    assert start_pages.fallback_page() is None


def test_there_is_something_to_begin_with_once_a_host_has_an_address():
    start_pages = StartPages(ScanConfig("a.test"))
    assert not start_pages.is_resolved
    start_pages.start_page_of(host())
    assert start_pages.is_resolved
    assert StartPages(ScanConfig("a.test", start_urls=("https://a.test/x",))).is_resolved


def test_sitemaps_are_read_once_and_again_when_their_host_is_back(start_pages):
    start_pages.start_page_of(host(https=True))
    assert list(start_pages.unread_sitemaps()) == ["https://a.test"]
    assert list(start_pages.unread_sitemaps()) == []
    start_pages.retry_sitemaps("https://a.test")
    assert list(start_pages.unread_sitemaps()) == []
    start_pages.sitemaps_failed("https://a.test")
    start_pages.retry_sitemaps("https://a.test")
    assert list(start_pages.unread_sitemaps()) == ["https://a.test"]


def test_depth_zero_reads_no_sitemap():
    start_pages = StartPages(ScanConfig("a.test", max_depth=0))
    start_pages.start_page_of(host(https=True))
    assert list(start_pages.unread_sitemaps()) == []


@pytest.mark.parametrize(
    ("hosts", "required"),
    [
        ([host("b.a.test", https=True), host(https=True), host("www.a.test", https=True)], ["https://a.test/"]),
        ([host("b.a.test", https=True), host(), host("www.a.test", https=True)], ["https://www.a.test/"]),
        ([host("b.a.test", https=True), host("c.a.test", https=True)], ["https://b.a.test/"]),
        ([host(), host("b.a.test", https=True)], []),
    ],
)
def test_the_page_that_has_to_show_content_is_the_targets_or_its_nearest(start_pages, hosts, required):
    for fact in hosts:
        start_pages.start_page_of(fact)
    assert start_pages.required_pages() == required
