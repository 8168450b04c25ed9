"""Facts come back from a parser process as our own code would have made them in place."""

import sys

import pytest

from app.domain.reputation_lists import FoundLists, ListKind, UsedList
from app.domain.scan_facts import (
    Capture,
    DnsAnswer,
    DnsOutcome,
    DnsRecord,
    Hop,
    HopKind,
    Reference,
    Relation,
    ThirdParty,
    TlsFacts,
)
from app.domain.violations import ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.subject import Subject
from app.engines.documents.document import read_document
from app.engines.extract.css_urls import extract_css
from app.engines.extract.page import extract, extract_document
from app.engines.extract.page_budget import PageBudget
from app.engines.extract.sitemap import parse_sitemap
from app.engines.extract.style_sheet import sheet_from_json, sheet_of
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.lists.in_use import opened, order_of
from app.engines.local_reader.model import LocalOpinion
from app.engines.parsing.jobs import MAX_ANSWER, Jobs, TooMuch
from app.engines.parsing.own_pages import own_page_of
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import Unreadable
from app.engines.reading_model.answer import Opinion, Stance, Verdict
from app.engines.scope import Scope
from tests.support.office_files import docx
from tests.support.parsing import InProcess, page_parser

URL = "http://a.test/"
PAGE = (
    "<html lang=zh><title>标题</title><meta name=robots content=nofollow><base href=/b/><link rel=next href=2>"
    "<link rel=stylesheet href=s.css><script src=//cdn.example/x.js></script><script>location='/moved'</script>"
    "<div style='display:none'><a href=http://bets.example/ rel=nofollow>友情链接</a></div><a href=c?d#e>own</a>"
) + "".join(f"<a href=/l/{number}>x</a><a href=http://h{number}.example/>y</a>" for number in range(2_500))
HEADERS = (("content-type", "text/html; charset=utf-8"), ("link", "<http://pre.example/>; rel=preload"))
BETS = "网上赌场 首存送彩金 真人荷官 百家乐 时时彩投注平台 线上娱乐城 注册送彩金 北京赛车"


def test_a_page_was_read_and_analysed_before_processes_are_forked():
    class Noting(Jobs):
        """Notes what it was asked for."""

        done = ()

        def run(self, name, body, arguments):
            found = super().run(name, body, arguments)
            self.done = (*self.done, name)
            return found

    jobs = Noting(target="a.test")
    jobs.prepare()
    assert jobs.done == ("page", "analysis")


@pytest.mark.parametrize(
    "damaged", [b"sample.example\tx", b"sample.example\t1\tgambling\t\xff", b"sample.example\t1\tx\t1"]
)
def test_processes_are_forked_although_a_list_is_damaged(tmp_path, damaged):
    file = tmp_path / "list"
    file.write_bytes(damaged + b"\n")
    used = UsedList("list", "List", ListKind.BLOCK, "a source", "2026-11-30", "", 1, "", 1)
    with opened(FoundLists(files=[(used, file)])) as lists:
        jobs = Jobs(target="a.test", lists=order_of(lists))
        jobs.prepare()
        assert jobs.run("document", b"<title>read</title>", ("utf-8",))


async def test_a_page_is_read_as_in_place():
    found = await page_parser().page(PAGE.encode(), url=URL, headers=HEADERS)
    assert found == extract(PAGE.encode(), url=URL, headers=HEADERS)
    assert len(found.links) > 2_500


class Sheets:
    """Has the sheets of a site as `fetch` would bring them."""

    def __init__(self, **texts):
        self.texts = texts
        self.known = {}
        self.rules = {}
        self.fetched = []

    def text_of(self, digest):
        return self.rules[digest]

    async def fetch(self, urls):
        self.fetched += urls
        for url in urls:
            text = self.texts.get(url.rpartition("/")[2])
            self.known[url] = None if text is None else [text]
            if text is not None:
                self.rules[text] = (await page_parser().rules(text.encode(), url=url)).text


LINKED = b"<link rel=stylesheet href=/a><link rel=stylesheet href=/b><div class=k><a href=//x.example/>x</a></div>"


async def test_a_page_is_read_with_the_sheets_that_it_names():
    parser, sheets = page_parser(), Sheets(a=".k{display:block}", b=".k{display:none}")
    for _ in range(2):
        page = await parser.page(LINKED, url=URL, headers=HEADERS[:1], sheets=sheets)
        assert [reference.hidden for reference in page.references] == ["display_none"]
    assert sheets.fetched == ["http://a.test/a", "http://a.test/b"]


async def test_another_process_is_told_the_rules_that_it_does_not_know():
    sheets = Sheets(a=".k{display:none}")
    for _ in range(2):
        page = await page_parser().page(LINKED, url=URL, headers=HEADERS[:1], sheets=sheets)
        assert [reference.hidden for reference in page.references] == ["display_none"]
    assert sheets.fetched == ["http://a.test/a", "http://a.test/b"]


async def test_sheets_of_others_are_not_asked_for():
    sheets = Sheets()
    await page_parser().page(b"<link rel=stylesheet href=//cdn.example/a>", url=URL, headers=(), sheets=sheets)
    assert sheets.fetched == []


async def test_sheets_of_well_known_services_are():
    sheets = Sheets()
    link = b"<link rel=stylesheet href=//cdn.jsdelivr.net/npm/a.css>"
    await page_parser().page(link, url=URL, headers=(), sheets=sheets)
    assert sheets.fetched == ["http://cdn.jsdelivr.net/npm/a.css"]


async def test_a_process_that_never_has_enough_makes_its_page_unreadable():
    class Greedy:
        async def run(self, *_, **__):
            return [{"unknown": ["http://a.test/a"], "missing": []}]

    with pytest.raises(Unreadable):
        await PageParser(Greedy()).page(b"", url=URL, headers=(), sheets=Sheets())


async def test_a_process_that_asks_for_what_nobody_named_makes_its_page_unreadable():
    class Curious:
        async def run(self, *_, **__):
            return [{"unknown": [], "missing": ["nothing"]}]

    with pytest.raises(Unreadable):
        await PageParser(Curious()).page(b"", url=URL, headers=(), sheets=Sheets())


async def test_rules_of_a_sheet_come_with_its_imports():
    found = await page_parser().rules(b"@import 'x.css'; a{display:none}", url="http://a.test/css/s.css")
    assert found.imports == ("http://a.test/css/x.css",)
    assert sheet_from_json(found.text) == sheet_of("a{display:none}")


async def test_bytes_that_are_no_text_in_headers_are_sent_as_browsers_would():
    headers = (("refresh", "0;url=http://b.example/\udcd6\udcd0"),)
    (reference,) = (await page_parser().page(b"", url=URL, headers=headers)).references
    assert reference.url == "http://b.example/%D6%D0"


async def test_sheets_documents_and_sitemaps_are_read_as_in_place():
    parser = page_parser()
    sheet = "@import 'a.css'; b{background:url(http://b.example/c.png)}"
    assert await parser.sheet(sheet.encode(), url=URL) == extract_css(sheet, url=URL)
    assert await parser.document(PAGE.encode("gbk"), charset="gb18030") == read_content(
        HtmlDocument(PAGE, charset="gb18030")
    )
    sitemap = b"<urlset>" + b"<url><loc>http://a.test/x</loc></url>" * 1_500 + b"</urlset>"
    assert await parser.sitemap(sitemap, url=URL) == parse_sitemap(sitemap, url=URL)


async def test_an_answer_comes_with_its_document_and_its_redirect():
    content, redirect = await page_parser().answer(
        b"<title>t</title><meta http-equiv=refresh content='0;url=/next'>moved", content_type="text/html", url=URL
    )
    assert (content.title, content.text) == ("t", "moved")
    assert redirect == (HopKind.META, "http://a.test/next")


async def test_what_only_some_visitors_are_shown_is_judged_as_in_place():
    (sign,) = await page_parser().difference("Title\n澳门百家乐 时时彩投注", "Another title", url=URL)
    assert (sign.page_url, sign.url, sign.kind, sign.snippet) == (URL, URL, "own:shown_offer", "澳门百家乐 时时彩投注")
    assert await page_parser().difference("Title \udcd6", "Another title", url=URL) == ()


@pytest.mark.parametrize(
    ("script", "is_odd"),
    [("if(document.referrer)location='/x'", True), ("document.write('x')", False)],
)
async def test_a_page_with_an_odd_script_is_odd(script, is_odd):
    found = await page_parser().page(f"<title>T</title><script>{script}</script>".encode(), url=URL, headers=HEADERS)
    assert found.is_odd is is_odd


async def test_a_subject_is_judged_as_in_place():
    hops = (Hop("http://b.example/", 302, "127.64.0.1", HopKind.HTTP, "http://c.example/"),)
    tls = TlsFacts(names=("c.example",))
    capture = Capture("b.example", "b.example", hops[0].url, hops[0].location, 200, hops, "娱乐城", tls=tls)
    hidden = Reference(URL, hops[0].url, "//b.example", Relation.LINK, "a[href]", text="百家乐", hidden="display_none")
    markup = f"<title>娱乐城</title><p>{BETS * 3}<a href=x.apk>get</a><form action=/go><input name=pw>"
    page = read_content(HtmlDocument(markup))
    assert page.downloads and page.fields  # noqa: PT018 - both go through JSON
    subject = Subject(capture, ThirdParty("b.example", ("b.example",), references=1, hidden=1), page, (hidden,))
    expected = Analyser(scope_target="a.test", classifier=shipped_classifier()).analyse(subject)
    assert {fact.violation_key.value for fact in expected} == {"gambling", "hidden_link"}
    assert await page_parser().analyse(subject) == expected


async def test_the_aliases_of_a_name_are_judged_too():
    records = (DnsRecord("a.b.example", "CNAME", "gone.azurewebsites.net", 60),)
    dns = DnsAnswer("a.b.example", DnsOutcome.NXDOMAIN, records)
    capture = Capture("b.example", "a.b.example", "http://a.b.example/", "http://a.b.example/", dns=dns, dead=True)
    (fact,) = await page_parser().analyse(Subject(capture, ThirdParty("b.example", ("a.b.example",))))
    assert (fact.violation_key.value, fact.evidence[0].rule) == ("takeover", "takeover.gone:azure_app")


@pytest.mark.parametrize("said", [[None], [[{}]], [[], [[1]]], [[{"title": 1}]]])
async def test_what_a_process_says_that_is_no_fact_is_an_unreadable_page(said):
    class Liar:
        async def run(self, name, *arguments, body=b"", cpu_s=0.0):
            return said

    with pytest.raises(Unreadable):
        await PageParser(Liar()).page(b"", url=URL, headers=())


async def test_an_opinion_changes_the_same_as_in_place():
    content = read_content(HtmlDocument(f"<title>娱乐城</title><a href=/>首页</a><p>{BETS}"))
    subject = Subject(
        Capture("bets.example", "bets.example", "http://bets.example/", "http://bets.example/", status=200),
        ThirdParty("bets.example", ("bets.example",)),
        content,
    )
    opinion = Opinion(Verdict.CLEAN, None, Stance.REPORTS, ("首存送彩金",), 0.9, False, "", "m", 1)  # fmt: skip
    analyser = Analyser(scope_target="a.test", classifier=shipped_classifier())
    assert await page_parser().reconsider(subject, opinion) == analyser.reconsider(subject, opinion)
    for local in (LocalOpinion(1, 0.0, None, "", ()), LocalOpinion(1, 1.0, ViolationKey("fraud"), "娱乐", ("娱乐",))):
        assert await page_parser().reconsider(subject, None, local) == analyser.reconsider(subject, None, local)
    assert await page_parser().excerpt(subject) == analyser.excerpt(subject)
    assert content.link_texts == ("首页",)


async def test_a_document_is_read_as_in_place_in_pieces_of_its_references():
    links = [(f"r{number}", "hyperlink", f"http://h{number}.example/") for number in range(2_500)]
    body = docx("", *links, ("own", "hyperlink", "/own"), title="T")
    found = await page_parser().links(body, url="http://a.test/x.docx")
    assert found == read_document(body, url="http://a.test/x.docx", is_own=Scope("a.test").is_own)
    assert len(found.references) == 2_500


async def test_a_document_whose_texts_take_too_long_is_read_without_them():
    class Slow(InProcess):
        """Ends what reads texts, as the kernel does."""

        async def run(self, name, url, with_texts, **rest):
            if with_texts:
                raise Unreadable("cpu")
            return await super().run(name, url, with_texts, **rest)

    found = await PageParser(Slow()).links(docx("", ("r", "hyperlink", "http://x.test/")), url="http://a.test/x.docx")
    assert [one.url for one in found.references] == ["http://x.test/"]


async def test_a_page_whose_time_is_over_keeps_what_was_found_and_is_not_looked_at_for_signs():
    over = iter([0.0, 0.0, 0.0])  # the time begins; from then on each look at the clock says that it is over
    in_process = InProcess(make_budget=lambda: PageBudget(9, 9, 1, clock=lambda: next(over, 5.0)))
    page = b"<title>T</title><a href=http://x.test/>x</a><script>if(document.referrer)location='/x'</script>"
    found = await PageParser(in_process).page(page, url=URL, headers=HEADERS)
    assert [one.url for one in found.references][-1] == "http://x.test/"
    assert found.overflowed
    assert not found.is_odd


def test_what_is_judged_is_not_prepared_when_its_time_is_over():
    called = set()
    jobs = Jobs(target="a.test", make_budget=lambda: PageBudget(9, 9, 0, clock=lambda: 0.0))
    sys.setprofile(lambda frame, *_: called.add(frame.f_code))
    try:
        jobs.run("page", b"<p hidden>x", (URL, (), {}, {}, False))
    finally:
        sys.setprofile(None)
    assert extract_document.__code__ in called
    assert own_page_of.__code__ not in called


def test_links_count_among_what_a_page_may_fill_the_memory_with():
    links = "".join(f"<a href={number}>" for number in range(MAX_ANSWER // 100_000 + 1))
    with pytest.raises(TooMuch):
        Jobs(target="a.test").run("page", links.encode(), (URL + "a" * 100_000 + "/", (), {}, {}, False))


@pytest.mark.parametrize("said", ["x" * 38, "0" * 37, 5, ["0" * 38]])
async def test_a_look_that_is_none_makes_its_picture_unreadable(said):
    class Lies:
        async def run(self, *_, **__):
            return [said]

    with pytest.raises(Unreadable):
        await PageParser(Lies()).look(b"")


async def test_a_picture_without_a_look_has_none():
    assert await page_parser().look(b"no picture") is None
