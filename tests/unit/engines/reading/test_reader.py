"""Facts come back from a reader as our own code would have made them in place."""

import pytest

from app.engines.analyse.analyser import Analyser
from app.engines.analyse.subject import Subject
from app.engines.capture.pages import read_document
from app.engines.crawl.sitemap import parse_sitemap
from app.engines.extract.css import extract_css
from app.engines.extract.page import extract
from app.engines.model import Capture, Hop, HopKind, Reference, Relation, ThirdParty, TlsFacts
from app.engines.ports import Unreadable
from app.engines.reading.reader import PageReader
from tests.support.reading import page_reader

URL = "http://a.test/"
PAGE = (
    "<html lang=zh><title>标题</title><meta name=robots content=nofollow><base href=/b/><link rel=next href=2>"
    "<link rel=stylesheet href=s.css><script src=//cdn.example/x.js></script><script>location='/moved'</script>"
    "<div style='display:none'><a href=http://bets.example/ rel=nofollow>百家乐</a></div><a href=c?d#e>own</a>"
) + "".join(f"<a href=/l/{number}>x</a><a href=http://h{number}.example/>y</a>" for number in range(2_500))
HEADERS = (("content-type", "text/html; charset=utf-8"), ("link", "<http://pre.example/>; rel=preload"))
BETS = "网上赌场 首存送彩金 真人荷官 百家乐 时时彩投注平台 线上娱乐城 注册送彩金 北京赛车"


async def test_a_page_is_read_as_in_place():
    found = await page_reader().page(PAGE.encode(), url=URL, headers=HEADERS)
    assert found == extract(PAGE.encode(), url=URL, headers=HEADERS)
    assert len(found.links) > 2_500


async def test_bytes_that_are_no_text_in_headers_are_sent_as_browsers_would():
    headers = (("refresh", "0;url=http://b.example/\udcd6\udcd0"),)
    (reference,) = (await page_reader().page(b"", url=URL, headers=headers)).references
    assert reference.url == "http://b.example/%D6%D0"


async def test_sheets_documents_and_sitemaps_are_read_as_in_place():
    reader = page_reader()
    sheet = "@import 'a.css'; b{background:url(http://b.example/c.png)}"
    assert await reader.sheet(sheet.encode(), url=URL) == extract_css(sheet, url=URL)
    assert await reader.document(PAGE) == read_document(PAGE)
    sitemap = b"<urlset>" + b"<url><loc>http://a.test/x</loc></url>" * 1_500 + b"</urlset>"
    assert await reader.sitemap(sitemap, url=URL) == parse_sitemap(sitemap, url=URL)


async def test_an_answer_comes_with_its_document_and_its_redirect():
    answer = await page_reader().answer(
        b"<title>t</title><meta http-equiv=refresh content='0;url=/next'>moved", content_type="text/html", url=URL
    )
    assert (answer.document.title, answer.document.text) == ("t", "moved")
    assert answer.redirect == (HopKind.META, "http://a.test/next")


async def test_a_subject_is_judged_as_in_place():
    hops = (Hop("http://b.example/", 302, "127.64.0.1", HopKind.HTTP, "http://c.example/"),)
    tls = TlsFacts(names=("c.example",))
    capture = Capture("b.example", "b.example", hops[0].url, hops[0].location, 200, hops, "娱乐城", BETS * 3, tls=tls)
    hidden = Reference(URL, hops[0].url, "//b.example", Relation.LINK, "a[href]", text="百家乐", hidden="display_none")
    html = f"<title>娱乐城</title><p>{BETS * 3}"
    subject = Subject(capture, ThirdParty("b.example", ("b.example",), references=1, hidden=1), html, (hidden,))
    expected = Analyser(scope_target="a.test", language="en").analyse(subject)
    assert {fact.key.value for fact in expected} == {"gambling", "hidden_link"}
    assert await page_reader().analyse(subject, html.encode()) == expected


@pytest.mark.parametrize("said", [[None], [[{}]], [[], [[1]]], [[{"title": 1}]]])
async def test_what_a_reader_says_that_is_no_fact_is_an_unreadable_page(said):
    class Liar:
        async def run(self, name, *arguments, body=b"", cpu_s=0.0):
            return said

    with pytest.raises(Unreadable):
        await PageReader(Liar()).page(b"", url=URL, headers=())
