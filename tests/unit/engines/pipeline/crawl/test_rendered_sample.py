import pytest

from app.domain.scan_facts import FrontierUrl, PageFact, Reference, Relation
from app.engines.extract.page import Extraction
from app.engines.pipeline.crawl.rendered_sample import (
    MAX_ALIKE,
    MAX_DOUBTFUL,
    MAX_DOUBTFUL_ALIKE,
    MAX_STARTS,
    MAX_THIN,
    MAX_UNKNOWN,
    MAX_UNKNOWN_ALIKE,
    ONE_IN,
    RARE,
    SHELL_TEXT,
    THIN_TEXT,
    RenderedSample,
    is_sampled,
)

NEXT = ("https://corp.test/next",)


def item(number=1, *, depth=1, url=None, pattern=""):
    url = url or f"https://corp.test/{number}"
    return FrontierUrl(number, url, url, "corp.test", depth, pattern)


def page(**fields):
    return PageFact("https://corp.test/1", 1, **{"status": 200, "parsed": True, **fields})


def extraction(text="", *, links=(), **fields):
    values = {
        "title": "",
        "text": text,
        "charset": "utf-8",
        "base_url": "",
        "canonical": None,
        "links": links,
        "references": (),
        "own_hosts": (),
        "stylesheets": (),
        "meta_refresh": None,
        "script_location": None,
        "is_active": True,
    }
    return Extraction(**(values | fields))


def plain_url():
    return next(url for number in range(99) if not is_sampled(url := f"https://corp.test/plain/{number}"))


@pytest.mark.parametrize(
    ("found", "is_chosen"),
    [
        (extraction("x" * (SHELL_TEXT - 1), links=NEXT), True),
        (extraction("x" * SHELL_TEXT, links=NEXT), False),
        (extraction("x" * (THIN_TEXT - 1)), True),
        (extraction("x" * THIN_TEXT), False),
        (extraction("", is_active=False), False),
        (extraction("", meta_refresh="https://corp.test/2"), False),
        (extraction("", script_location="https://corp.test/2"), False),
        (None, False),
    ],
)
def test_a_page_that_its_scripts_make_is_rendered(found, is_chosen):
    assert RenderedSample().choose(item(url=plain_url()), page(), found) is is_chosen


@pytest.mark.parametrize("fact", [None, page(status=404), page(parsed=False)])
def test_what_is_no_page_is_not_rendered(fact):
    assert not RenderedSample().choose(item(depth=0), fact, extraction())


def test_a_start_page_is_rendered_whatever_it_says():
    assert RenderedSample().choose(item(depth=0), page(), extraction("x" * 999, links=NEXT, is_active=False))


def test_one_in_twenty_of_the_others_is_rendered_and_always_the_same_ones():
    urls = [f"https://corp.test/news/{number}" for number in range(2_000)]
    sample = RenderedSample()
    chosen = [
        url
        for number, url in enumerate(urls)
        if sample.choose(item(number, url=url), page(), extraction("x" * 999, links=NEXT))
    ]
    assert chosen == [url for url in urls if is_sampled(url)]
    assert len(urls) / ONE_IN * 0.7 < len(chosen) < len(urls) / ONE_IN * 1.3


def test_a_page_is_chosen_once_also_by_a_later_attempt():
    sample = RenderedSample()
    assert sample.choose(item(7), page(), extraction())
    assert not sample.choose(item(7), page(), extraction())
    assert not RenderedSample(sample.chosen).choose(item(7), page(), extraction())


def test_there_are_limits_of_start_pages_of_thin_pages_and_of_those_that_are_alike():
    sample = RenderedSample()
    starts = sum(
        sample.choose(item(number, depth=0, url=plain_url()), page(), extraction("x" * 999))
        for number in range(MAX_STARTS + 5)
    )
    assert (starts, sample.left_out) == (MAX_STARTS, 0)
    alike = sum(sample.choose(item(number, pattern="/a"), page(), extraction()) for number in range(1_000, 1_050))
    assert (alike, sample.left_out) == (MAX_ALIKE, 50 - MAX_ALIKE)
    others = sum(
        sample.choose(item(number, pattern=f"/{number}"), page(), extraction()) for number in range(2_000, 2_300)
    )
    assert others == MAX_THIN - MAX_ALIKE


def link(host="nobody-knows.test", hidden=None, relation=Relation.LINK):
    return Reference("https://corp.test/1", f"https://{host}/", "", relation, "a[href]", hidden=hidden)


def told(*references, **fields):
    return extraction("x" * 999, links=NEXT, references=references, **{"is_active": False, **fields})


@pytest.mark.parametrize(
    ("found", "is_chosen"),
    [
        (told(link(), is_unsure=True), True),  # a sheet is not at hand
        (told(link(), is_active=True), True),  # a script may hide it
        (told(link(hidden="script_made")), True),
        (told(link(hidden="same_colour")), True),
        (told(link(hidden="display_none")), False),  # its own source says so
        (told(link()), False),
        (told(link("www.baidu.com"), is_unsure=True), False),
        (told(link(relation=Relation.EMBED), is_unsure=True), False),
        (told(is_unsure=True), False),
    ],
)
def test_a_page_whose_link_to_somebody_unknown_may_be_hidden_is_rendered(found, is_chosen):
    assert RenderedSample().choose(item(url=plain_url()), page(), found) is is_chosen


def test_what_many_pages_lead_to_is_no_reason_to_render_them():
    sample = RenderedSample()
    chosen = [
        sample.choose(item(number, url=plain_url(), pattern=f"/{number}"), page(), told(link(), is_unsure=True))
        for number in range(10)
    ]
    assert chosen == [True] * RARE + [False] * (10 - RARE)


def test_there_are_limits_of_doubtful_pages():
    sample = RenderedSample()

    def chosen(numbers, pattern):
        return sum(
            sample.choose(
                item(number, url=plain_url(), pattern=pattern(number)),
                page(),
                told(link(f"host-{number}.test"), is_unsure=True),
            )
            for number in numbers
        )

    assert chosen(range(20), lambda _: "/alike") == MAX_DOUBTFUL_ALIKE
    assert chosen(range(100, 300), lambda number: f"/{number}") == MAX_DOUBTFUL - MAX_DOUBTFUL_ALIKE


def loads(host="nobody-knows.test", relation=Relation.SCRIPT, kind="script[src]"):
    return Reference("https://corp.test/1", f"https://{host}/x.js", "", relation, kind)


@pytest.mark.parametrize(
    ("reference", "is_urgent"),
    [
        (loads(), True),
        (loads(kind="iframe[src]"), True),
        (loads(relation=Relation.MENTION, kind="script:string"), True),
        (loads(relation=Relation.MENTION, kind="script:json"), False),
        (loads("hm.baidu.com"), False),
    ],
)
def test_a_page_with_code_of_somebody_unknown_is_rendered_before_all_others(reference, is_urgent):
    sample = RenderedSample()
    assert sample.choose(item(7, url=plain_url()), page(), told(reference)) is is_urgent
    assert sample.urgent == ({7} if is_urgent else set())


def test_code_that_many_pages_load_is_no_reason_to_render_them():
    sample = RenderedSample()
    for number in range(10):
        sample.choose(item(number, url=plain_url(), pattern=f"/{number}"), page(), told(loads()))
    assert sample.urgent == set(range(RARE))


def test_there_are_limits_of_pages_with_unknown_code():
    sample = RenderedSample()
    for number in range(300):
        pattern = "/alike" if number < MAX_UNKNOWN_ALIKE + 9 else f"/{number}"
        sample.choose(item(number, url=plain_url(), pattern=pattern), page(), told(loads(f"host-{number}.test")))
    assert len(sample.urgent) == MAX_UNKNOWN
    assert sample.urgent >= set(range(MAX_UNKNOWN_ALIKE))
    assert MAX_UNKNOWN_ALIKE not in sample.urgent
