"""Documents of the site are read for what they lead to, and are no pages."""

import pytest

from app.domain.coverage import Seen
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import UrlState
from app.engines.crawl.document_intake import MAX_DOCUMENT_BYTES, DocumentIntake, Outcome
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.documents.links import DocumentFacts
from app.engines.model import FetchResult
from app.scanstore.reader import SqliteScanReader
from tests.support.office_files import docx, open_document
from tests.support.said import said

ROOT = "https://a.test/"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LINKS = ("r1", "hyperlink", "https://shop.test/x"), ("r2", "hyperlink", "https://a.test/behind")


@pytest.fixture
def told():
    return []


@pytest.fixture
def crawled(site, crawl, make_crawler, told):
    """A site with one document, crawled."""

    async def run(body, content_type=WORD, path="files/x.docx", **headers):
        site.links(ROOT, f"/{path}")
        site.page(ROOT + path, body, content_type=content_type, **headers)
        site.links(ROOT + "behind", "https://other.test/")

        async def on_references(url, references):
            told.append((url, [(one.kind, one.url) for one in references]))

        return await crawl(make_crawler(callbacks={"on_references": on_references}))

    return run


async def test_a_document_gives_its_links_and_is_no_page(crawled, told, tmp_path, sink):
    crawler = await crawled(docx("", *LINKS, title="年报"))
    assert (ROOT + "files/x.docx", [("docx:link", "https://shop.test/x")]) in told
    assert (ROOT + "behind", [("a[href]", "https://other.test/")]) in told
    assert crawler.pages == 2
    assert crawler.coverage.total == {Seen.JUDGED: 2, Seen.NOT_HTML: 1}
    assert ("INFO", said("documents_read", documents=1, references=1)) in sink.logs
    assert sink.warnings == []
    with SqliteScanReader(tmp_path / "scan.db") as reader:
        page = next(page for page in reader.pages(limit=10)[0] if page.url.endswith(".docx"))
    assert (page.title, page.parsed, page.depth, page.error) == ("年报", False, 1, None)


async def test_the_name_decides_where_the_type_says_nothing(crawled, told):
    content = '<text:p><text:a xlink:href="http://x.test/">x</text:a></text:p>'
    named = 'attachment; filename="x.odt"'
    await crawled(
        open_document("text", content), "application/octet-stream", "download?id=1", content_disposition=named
    )
    assert (ROOT + "download?id=1", [("odt:link", "http://x.test/")]) in told


async def test_of_an_error_that_is_a_document_nothing_is_read(site, crawl, told):
    site.links(ROOT, "/x.docx")
    site.page(ROOT + "x.docx", docx("", *LINKS), content_type=WORD, status=404)
    crawler = await crawl()
    assert crawler.coverage.total == {Seen.JUDGED: 1, Seen.GONE: 1}


async def test_what_cannot_be_read_is_said_and_costs_the_coverage_nothing(crawled, sink):
    crawler = await crawled(b"PK\x03\x04 broken")
    assert crawler.coverage.total == {Seen.JUDGED: 1, Seen.NOT_HTML: 1}
    assert sink.warnings == [said("documents_missed", reasons="1 damaged")]


async def test_a_document_that_is_longer_than_allowed_costs_the_coverage_nothing(crawled, sink):
    crawler = await crawled(b"{\\rtf1 http://x.test/ " + b" " * MAX_DOCUMENT_BYTES, "application/rtf", "x.rtf")
    assert crawler.coverage.total == {Seen.JUDGED: 1, Seen.NOT_HTML: 1}
    assert sink.warnings == [said("documents_missed", reasons="1 read in part")]


def answered(size=1, **found):
    result = FetchResult(ROOT, ROOT, 200, body=b"x" * size)
    return result, ProcessedPage(UrlState.DONE, document=DocumentFacts("pdf", **found))


def test_number_and_bytes_of_a_scan_have_limits():
    headers = (("content-type", "application/pdf"),)
    intake = DocumentIntake(max_documents=2)
    wanted = [intake.fetch_options(f"{ROOT}{number}.pdf")["wants_body"](headers) for number in range(3)]
    assert wanted == [True, True, False]
    assert intake.outcomes == {Outcome.LEFT_OUT: 1}
    intake = DocumentIntake(max_all_bytes=10)
    intake.note(*answered(size=10))
    assert not intake.fetch_options(ROOT + "x.pdf")["wants_body"](headers)
    assert intake.fetch_options(ROOT)["wants_body"]((("content-type", "text/html"),))


def test_only_documents_may_be_longer_than_pages():
    intake = DocumentIntake()
    assert intake.fetch_options(ROOT + "x.pdf")["max_bytes"] == MAX_DOCUMENT_BYTES
    assert intake.fetch_options(ROOT + "x")["max_bytes"] < MAX_DOCUMENT_BYTES


@pytest.mark.parametrize(("language", "said"), [("en", "1 password-protected"), ("zh-CN", "1 个有密码")])
async def test_each_way_to_fail_is_named(sink, language, said):
    intake = DocumentIntake()
    for found in ({"problem": "encrypted"}, {"problem": "cpu"}, {"is_partial": True}, {}):
        intake.note(*answered(**found))
    assert intake.outcomes == {
        Outcome.ENCRYPTED: 1, Outcome.BROKEN: 1, Outcome.PARTIAL: 1, Outcome.READ: 1,
    }  # fmt: skip
    await intake.report(sink, MessageCatalog(language))
    assert said in sink.warnings[0]
