"""What one answer means for the crawl."""

from app.domain.scan_facts import FetchError, FrontierUrl
from app.engines.crawl.page_processor import PageProcessor, ProcessedPage
from app.engines.extract.reference_collector import MAX_LINKS
from app.engines.model import FetchResult
from app.engines.scope import Scope
from tests.support.parsing import page_parser

URL = "http://site.test/"
HTML = (("content-type", "text/html"),)


async def read(result: FetchResult) -> ProcessedPage:
    processor = PageProcessor(scope=Scope("site.test"), parser=page_parser("site.test"))
    return await processor.read(FrontierUrl(1, URL, URL, "site.test", 0), 0, result)


async def test_a_body_that_broke_off_is_no_page_but_what_it_names_is_followed() -> None:
    body = b"<a href=/more>more</a><a href=http://other.example/>away</a><p>and th"
    processed = await read(FetchResult(URL, URL, 200, HTML, body, error=FetchError.TIMEOUT))
    assert processed.page is not None
    assert not processed.page.parsed
    assert processed.page.error is FetchError.TIMEOUT
    assert processed.links == ("http://site.test/more",)
    assert [reference.url for reference in processed.references] == ["http://other.example/"]


async def test_a_body_that_was_longer_than_the_limit_is_a_page_that_says_so() -> None:
    processed = await read(FetchResult(URL, URL, 200, HTML, b"<p>the beginning", truncated=True))
    assert processed.page is not None
    assert processed.page.parsed
    assert processed.page.truncated


async def test_a_page_with_more_links_than_are_kept_was_not_seen_whole() -> None:
    body = b"".join(b"<a href=/%d>x</a>" % number for number in range(MAX_LINKS + 1))
    processed = await read(FetchResult(URL, URL, 200, HTML, body))
    assert processed.page is not None
    assert processed.page.truncated
    assert len(processed.links) == MAX_LINKS


async def test_a_body_that_was_not_wanted_is_not_truncated() -> None:
    processed = await read(FetchResult(URL, URL, 200, (("content-type", "image/png"),), b"", truncated=True))
    assert processed.page is not None
    assert not processed.page.truncated


async def test_feeds_and_pictures_are_read_and_count_as_no_page() -> None:
    body = b"<rss><item><link>http://site.test/item</link></item></rss>"
    processed = await read(FetchResult(URL, URL, 200, (("content-type", "application/rss+xml"),), body))
    assert processed.page is not None
    assert not processed.page.parsed
    assert processed.links == ("http://site.test/item",)


async def test_xhtml_is_a_page_whatever_xml_type_it_has() -> None:
    body = b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><a href='/a'/></body></html>"
    processed = await read(FetchResult(URL, URL, 200, (("content-type", "application/xml"),), body))
    assert processed.page is not None
    assert processed.page.parsed
    assert processed.links == ("http://site.test/a",)


async def test_a_body_of_any_type_is_read_when_it_begins_as_a_page() -> None:
    processed = await read(FetchResult(URL, URL, 200, (("content-type", "*/*"),), b" <div><a href=/a>x</a></div>"))
    assert processed.links == ("http://site.test/a",)
