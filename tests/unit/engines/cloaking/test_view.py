from dataclasses import replace

import pytest

from app.domain.scan_facts import FetchError, Hop, HopKind, Reference, Relation
from app.domain.tampering import TamperSign, kind_of
from app.engines.cloaking.view import view_of
from app.engines.extract.page import extract
from app.engines.model import FetchResult

URL = "https://www.corp.example/"
HTML = (("content-type", "text/html; charset=utf-8"),)


def is_own(host):
    return host.endswith("corp.example")


def view(body, status=200, **more):
    result = FetchResult(URL, URL, status, HTML, body.encode(), **more)
    return view_of(result, extract(result.body, url=URL, headers=HTML), is_own)


def forwarding(location):
    return view_of(FetchResult(URL, URL, 302, hops=(Hop(URL, 302, "", HopKind.HTTP, location),)), None, is_own)


def test_a_page_is_its_title_its_lines_and_the_first_reference_of_each_foreign_domain():
    body = "<title>T</title><p>one</p><p>two</p><a href='//a.b.test/1'>x</a><a href='//b.test/2'>y</a>"
    seen = view(f"{body}<script src='//c.test/s.js'></script>")
    assert list(seen.lines) == ["T", "one", "two", "xy"]
    assert {one: list(found) for one, found in seen.by_relation.items()} == {
        Relation.LINK: ["b.test"],
        Relation.SCRIPT: ["c.test"],
    }
    assert seen.domains == {"b.test", "c.test"}


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_what_is_refused_shows_nothing(status):
    assert not view("<title>Not now</title>", status).was_shown


def test_an_address_where_nothing_is_can_be_compared_and_a_broken_answer_cannot():
    assert view("<title>404</title>", 404).was_shown
    assert not view("<title>T</title>", error=FetchError.TIMEOUT).was_shown


@pytest.mark.parametrize(
    "body",
    [
        "<meta http-equiv=refresh content='0;url=https://b.test/'>",
        "<script>location.href='https://b.test/'</script><p>text</p>",
    ],
)
def test_a_page_that_sends_to_another_site_says_where(body):
    assert view(body).sent_to == "https://b.test/"


def test_a_forwarding_answer_says_where_and_one_within_the_site_says_nothing():
    away = forwarding("https://b.test/x")
    assert (away.was_shown, away.sent_to, away.sent_by) == (True, "https://b.test/x", "redirect:http")
    assert not forwarding("https://m.corp.example/").was_shown


@pytest.mark.parametrize(
    ("style", "covers"),
    [
        ("position:fixed;inset:0;width:100%;height:100%", True),
        ("position: absolute; width:100vw", True),
        ("width:100%;height:400px", False),
        ("position:fixed;right:10px;width:80px", False),
    ],
)
def test_a_frame_covers_the_page_when_it_lies_over_all_of_it(style, covers):
    seen = view(f"<p>text</p><iframe src='https://b.test/' style='{style}'></iframe>")
    assert [one.url for one in seen.covers()] == (["https://b.test/"] if covers else [])


def test_signs_of_tampering_are_no_references_to_foreign_hosts():
    found = extract(b"<title>T</title>", url=URL, headers=HTML)
    sign = Reference(URL, URL, "T", Relation.MENTION, kind_of(TamperSign.TITLE))
    seen = view_of(FetchResult(URL, URL, 200, HTML), replace(found, references=(sign,)), is_own)
    assert (seen.signs, seen.references, seen.domains) == ((sign,), (), frozenset())
