from dataclasses import replace

import pytest

from app.domain.scan_facts import Reference, Relation, ThirdParty
from app.domain.tampering import TamperSign, sign_of
from app.engines.pipeline.third_party.rare_scripts import MIN_PAGES, rare_scripts

PAGE = "https://www.school.test/news/1.html"
ODD = "https://js.users-51tj.test/0417.js"
PARTY = ThirdParty(
    "users-51tj.test", ("js.users-51tj.test",), references=1, relation=Relation.SCRIPT, example_page=PAGE
)


def script(url=ODD, kind="script[src]", page=PAGE):
    return Reference(page, url, url, Relation.SCRIPT, kind)


def signs(party=PARTY, references=None, **more):
    return list(rare_scripts([(party, references or [script()])], pages=more.pop("pages", MIN_PAGES), **more))


def test_a_script_that_one_page_uses_and_that_says_nothing_is_a_sign_of_that_page():
    (sign,) = signs()
    assert sign_of(sign.kind) is TamperSign.RARE_SCRIPT
    assert (sign.page_url, sign.url, sign.snippet) == (PAGE, PAGE, ODD)


@pytest.mark.parametrize(
    "url",
    [
        "https://tongji.51la-sdk.test/ui/yabo666.js",  # called like a service, and a brand of gambling
        "https://x9k2.users.test/j1.js",  # nothing about it has a meaning
        "https://go.pagestats-live.test/m.js?n=a1",  # statistics of one page, without a name
        "http://203.0.113.9:8080/count.js",  # no name, no encryption
        "https://cdn.widgets.test/loader.js?aff=4&zone=popunder",  # it says what it does
        "https://static.users.test/coin-miner.min.js",
    ],
)
def test_two_things_about_an_address_tell_or_one_that_says_what_it_is_for(url):
    assert [sign.snippet for sign in signs(references=[script(url)])] == [url]


@pytest.mark.parametrize(
    "url",
    [
        "https://stat.cloud.test/trs/ta.js?mpid=3417",  # a name without a meaning alone
        "https://cdn.jquery-plugins.test/slider.min.js",  # called like a library alone
        "https://cdn.users.test/npm/swiper@8/swiper-bundle.min.js",
        "https://kf.users.test/js/widget.js?sid=0417",
        "https://maps.users.test/embed/loader.js",
        "https://www.sitestats.test/counter.js",  # statistics that have a name
    ],
)
def test_a_library_or_a_widget_has_a_name(url):
    assert signs(references=[script(url)]) == []


@pytest.mark.parametrize(
    ("party", "references"),
    [
        (replace(PARTY, category="analytics"), [script()]),
        (replace(PARTY, references=2), [script(), script(page="https://www.school.test/")]),
        (replace(PARTY, references=9), [script()]),
        (PARTY, [script(kind="iframe[src]")]),
        (replace(PARTY, relation=Relation.LINK), [script()]),
    ],
)
def test_known_services_and_what_several_pages_use_are_none(party, references):
    assert signs(party, references) == []


def test_three_of_many_pages_with_one_such_script_are_few():
    pages = [f"https://www.school.test/news/{at}.html" for at in range(3)]
    references, party = [script(page=page) for page in pages], replace(PARTY, references=3)
    assert [sign.page_url for sign in signs(party, references, pages=150)] == pages
    assert signs(party, references, pages=100) == []


def test_of_a_small_site_one_page_says_nothing():
    assert signs(pages=MIN_PAGES - 1) == []


def test_what_an_earlier_attempt_has_found_is_not_found_again():
    assert signs(known=signs()) == []
