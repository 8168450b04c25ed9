"""What of the crawl is noted, kept for the next attempt, and handed on; whole scans stand in `integration`."""

from dataclasses import replace

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FrontierUrl, PageFact, Reference, Relation, UrlState
from app.domain.tampering import TamperSign, kind_of, shown_to
from app.domain.visitors import Visitor
from app.engines.cloaking.comparison import Compared
from app.engines.cloaking.page_sample import SampledPage
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.extract.page import extract
from app.engines.pipeline.crawl.cloaked_pages import CLOAKING, CloakedPages
from app.engines.scope import Scope

URL = "https://www.corp.example/"
HTML = (("content-type", "text/html"),)


def cloaked(store, told=None, *, is_wanted=True):
    async def on_found(url, references):
        told.append((url, references))

    texts = MessageCatalog("en")
    return CloakedPages(
        scope=Scope("corp.example"), store=store, sink=None, texts=texts, on_found=on_found, is_wanted=is_wanted
    )


def item(url=URL, depth=0):
    return FrontierUrl(1, url, url, "www.corp.example", depth, "www.corp.example/w")


def processed(url=URL, status=200, references=(), html=b"<title>T</title><p>text</p>"):
    found = extract(html, url=url, headers=HTML)
    return ProcessedPage(UrlState.DONE, PageFact(url, 0, status, "text/html"), found, tuple(references))


def noted(store):
    return (store.checkpoint(CLOAKING) or {"pages": []})["pages"]


def test_pages_are_noted_with_what_they_are_and_errors_are_not(store):
    pages = cloaked(store)
    sign = Reference(f"{URL}a", f"{URL}a", "t", Relation.MENTION, kind_of(TamperSign.TITLE))
    hidden = Reference(f"{URL}b", "https://x.test/", "", Relation.LINK, "a[href]", hidden="display_none")
    pages.note(item(), processed())
    pages.note(item(f"{URL}a", 1), processed(f"{URL}a", references=[sign]))
    pages.note(item(f"{URL}b", 1), processed(f"{URL}b", references=[hidden]))
    pages.note(item(f"{URL}gone", 1), processed(f"{URL}gone", 404))
    pages.note(item(f"{URL}no", 1), processed(f"{URL}no", 403))
    pages.note(item(f"{URL}p", 1), processed(f"{URL}p"))
    pages.save()
    assert noted(store) == [
        ["start", "", URL, False],
        ["odd", "", f"{URL}a", True],
        ["odd", "", f"{URL}b", False],
        ["inner", "404", f"{URL}gone", False],
        ["inner", "www.corp.example/w", f"{URL}p", False],
    ]


def test_an_odd_script_makes_a_page_odd(store):
    pages = cloaked(store)
    found = processed(f"{URL}s")
    pages.note(item(f"{URL}s", 1), replace(found, extraction=replace(found.extraction, is_odd=True)))
    pages.save()
    assert noted(store) == [["odd", "", f"{URL}s", False]]


def test_a_scan_that_does_not_want_it_notes_nothing(store):
    pages = cloaked(store, is_wanted=False)
    pages.note(item(), processed())
    pages.save()
    assert noted(store) == []


async def test_what_was_compared_is_not_compared_again_by_the_next_attempt(store):
    first = cloaked(store, [])
    first.note(item(), processed())
    await first._on_compared(SampledPage(URL), [])
    first.save()
    second = cloaked(store)
    await second.run(None, cookies=None, may_ask=None, limit_s=1.0)  # would fail if anything were asked
    assert second.progress == (0, 0)


async def test_what_only_some_are_shown_is_stored_and_handed_on_signs_first(store):
    told = []
    sign = Reference(URL, URL, "t", Relation.MENTION, kind_of(TamperSign.SHOWN_REDIRECT, Visitor.ROBOT))
    way = Reference(URL, "https://b.test/", "b", Relation.REDIRECT, shown_to("redirect:http", Visitor.ROBOT))
    await cloaked(store, told)._on_compared(SampledPage(URL), [Compared(Visitor.ROBOT, (sign,), (way,))])
    store.flush()
    assert told == [(URL, [sign, way])]
    assert list(store.references()) == [sign, way]
