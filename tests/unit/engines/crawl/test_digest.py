"""What one answer means for the crawl."""

from app.engines.crawl.digest import Digest, Digester
from app.engines.model import FetchError, FetchResult, FrontierUrl
from app.engines.scope import Scope
from tests.support.reading import page_reader

URL = "http://site.test/"
HTML = (("content-type", "text/html"),)


async def read(result: FetchResult) -> Digest:
    digester = Digester(scope=Scope("site.test"), reader=page_reader("site.test"))
    return await digester.read(FrontierUrl(1, URL, URL, "site.test", 0), 0, result)


async def test_a_body_that_broke_off_is_no_page_but_what_it_names_is_followed() -> None:
    body = b"<a href=/more>more</a><a href=http://other.example/>away</a><p>and th"
    digest = await read(FetchResult(URL, URL, 200, HTML, body, error=FetchError.TIMEOUT))
    assert digest.page is not None
    assert not digest.page.parsed
    assert digest.page.error is FetchError.TIMEOUT
    assert digest.links == ("http://site.test/more",)
    assert [reference.url for reference in digest.references] == ["http://other.example/"]


async def test_a_body_that_was_longer_than_the_limit_is_a_page_that_says_so() -> None:
    digest = await read(FetchResult(URL, URL, 200, HTML, b"<p>the beginning", truncated=True))
    assert digest.page is not None
    assert digest.page.parsed
    assert digest.page.truncated


async def test_a_body_that_was_not_wanted_is_not_truncated() -> None:
    digest = await read(FetchResult(URL, URL, 200, (("content-type", "image/png"),), b"", truncated=True))
    assert digest.page is not None
    assert not digest.page.truncated


async def test_feeds_and_pictures_are_read_and_count_as_no_page() -> None:
    body = b"<rss><item><link>http://site.test/item</link></item></rss>"
    digest = await read(FetchResult(URL, URL, 200, (("content-type", "application/rss+xml"),), body))
    assert digest.page is not None
    assert not digest.page.parsed
    assert digest.links == ("http://site.test/item",)


async def test_xhtml_is_a_page_whatever_xml_type_it_has() -> None:
    body = b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><a href='/a'/></body></html>"
    digest = await read(FetchResult(URL, URL, 200, (("content-type", "application/xml"),), body))
    assert digest.page is not None
    assert digest.page.parsed
    assert digest.links == ("http://site.test/a",)


async def test_a_body_of_any_type_is_read_when_it_begins_as_a_page() -> None:
    digest = await read(FetchResult(URL, URL, 200, (("content-type", "*/*"),), b" <div><a href=/a>x</a></div>"))
    assert digest.links == ("http://site.test/a",)
