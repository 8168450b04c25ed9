"""Which differences count. Views are made of markup, as those of a scan are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, kind_of, sign_of, visitor_of
from app.domain.visitors import Visitor
from app.engines.cloaking.comparison import MAX_SHOWN, Comparison
from app.engines.cloaking.page_sample import SampledPage, hash_lines
from app.engines.cloaking.view import NOTHING, View, view_of
from app.engines.extract.page import extract
from app.engines.model import FetchResult

URL = "https://www.corp.example/"
HTML = (("content-type", "text/html; charset=utf-8"),)
TEXT = "<title>Corp</title><p>" + "We have made pumps since 1998. " * 10 + "</p>"


def view(body=TEXT):
    found = extract(body.encode(), url=URL, headers=HTML)
    return view_of(FetchResult(URL, URL, 200, HTML, body.encode()), found, lambda host: host.endswith("corp.example"))


def sent(url):
    return View(302, was_shown=True, sent_to=url, sent_by="redirect:http")


def compare(*plain, page=None):
    return Comparison(page or SampledPage(URL), plain or (view(),), is_known=lambda host: host == "known.test")


def signs(found):
    return [] if found is None else [sign_of(one.kind) for one in found.signs]


def shown(found):
    return [] if found is None else [(one.kind, one.url) for one in found.references]


def word(snippet="百家乐", sign=TamperSign.SHOWN_OFFER):
    return (Reference(URL, URL, snippet, Relation.MENTION, kind_of(sign), "", snippet, "a, b"),)


def links(*hosts):
    return TEXT + "".join(f"<a href='https://{host}/'>{host}</a>" for host in hosts)


def test_equal_views_are_no_difference():
    comparison = compare(view(), view())
    assert [comparison.of(visitor, view(), ()) for visitor in Visitor] == [None] * len(Visitor)
    assert comparison.later(()) is None


def test_a_refused_visit_says_nothing():
    assert compare().of(Visitor.ROBOT, NOTHING, ()) is None


def test_words_are_quoted_with_title_and_hosts_and_with_who_was_shown_them():
    robots = view(TEXT.replace("Corp", "百家乐") + "<a href='https://bets.test/'>x</a>")
    found = compare().of(Visitor.ROBOT, robots, word("百家乐投注"))
    (sign,) = found.signs
    assert (sign_of(sign.kind), visitor_of(sign.kind)) == (TamperSign.SHOWN_OFFER, Visitor.ROBOT)
    assert sign.snippet == "百家乐 | 百家乐投注 | bets.test"
    assert shown(found) == [("a[href]@robot", "https://bets.test/")]


def test_what_a_newcomer_was_shown_is_not_told_again_of_a_searcher():
    comparison = compare()
    assert signs(comparison.of(Visitor.NEWCOMER, view(), word())) == [TamperSign.SHOWN_OFFER]
    assert comparison.of(Visitor.SEARCH, view(), word()) is None


@pytest.mark.parametrize("visitor", [Visitor.ROBOT, Visitor.SEARCH, Visitor.PHONE, Visitor.NEWCOMER])
def test_who_alone_is_sent_to_another_site_is_led_astray(visitor):
    found = compare().of(visitor, sent("https://bets.test/x"), ())
    assert signs(found) == [TamperSign.SHOWN_REDIRECT]
    assert shown(found) == [(f"redirect:http@{visitor.value}", "https://bets.test/x")]
    assert found.references[0].relation is Relation.REDIRECT


@pytest.mark.parametrize(
    ("visitor", "target"),
    [
        (Visitor.PHONE, "https://m.corp-mobile.example/"),  # hardly anybody else has that name
        (Visitor.NEWCOMER, "https://sign-in.test/?back=https%3A%2F%2Fwww.corp.example%2F"),
        (Visitor.SEARCH, "https://known.test/"),
        (Visitor.PHONE, "https://partner.test/"),  # the page links there
    ],
)
def test_ways_that_organisations_send_people_are_none(visitor, target):
    plain = view(links("partner.test"))
    page = SampledPage("https://www.corporate.example/") if "mobile" in target else SampledPage(URL)
    target = target.replace("corp-mobile", "corporate-mobile")
    found = compare(plain, page=page).of(visitor, sent(target), ())
    assert signs(found) == []
    assert shown(found) == [(f"redirect:http@{visitor.value}", target)]


def test_where_everybody_is_sent_nobody_is_led_astray():
    assert compare(sent("https://new.test/a")).of(Visitor.ROBOT, sent("https://new.test/b"), ()) is None


def test_a_frame_over_the_page_counts_for_phones_and_not_where_people_are_asked_for_consent():
    covered = view(TEXT + "<iframe src='https://bets.test/' style='position:fixed;width:100%'></iframe>")
    assert signs(compare().of(Visitor.PHONE, covered, ())) == [TamperSign.SHOWN_COVER]
    comparison = compare()
    assert signs(comparison.of(Visitor.NEWCOMER, covered, ())) == []
    assert signs(comparison.of(Visitor.SEARCH, covered, ())) == []


def test_a_foreign_script_in_the_place_of_the_page_counts_and_one_more_on_it_does_not():
    script = "<script src='https://js.test/a.js'></script>"
    assert signs(compare().of(Visitor.SEARCH, view(script), ())) == [TamperSign.SHOWN_COVER]
    assert signs(compare().of(Visitor.SEARCH, view(TEXT + script), ())) == []


def test_a_block_of_foreign_links_for_robots_counts_and_for_phones_not():
    many = view(links("a.test", "b.test", "c.test"))
    found = compare().of(Visitor.ROBOT, many, ())
    assert signs(found) == [TamperSign.SHOWN_LINKS]
    assert len(shown(found)) == 3
    assert signs(compare().of(Visitor.PHONE, many, ())) == []


def test_robots_that_get_what_scripts_fill_in_for_others_are_shown_no_block():
    shell = view("<title>Corp</title><div id=app></div>")
    assert signs(compare(shell).of(Visitor.ROBOT, view(links("a.test", "b.test", "c.test")), ())) == []


def test_nothing_counts_in_what_two_plain_visits_differ():
    plain = view(links("ad-1.test")), view(links("ad-2.test"))
    assert compare(*plain).of(Visitor.ROBOT, view(links("a.test", "b.test", "c.test")), ()) is None


def test_at_most_so_many_references_are_kept_of_a_visitor():
    found = compare().of(Visitor.ROBOT, view(links(*(f"h{number}.test" for number in range(99)))), ())
    assert len(found.references) == MAX_SHOWN


def test_what_comes_after_the_crawl_is_found_with_its_hosts():
    page = SampledPage(URL, lines=hash_lines("Corp", view().text), domains=frozenset({"old.test"}))
    later = view(links("bets.test", "old.test"))
    comparison = compare(later, later, page=page)
    assert comparison.difference(None) == ("bets.testold.test", "")
    found = comparison.later(word())
    assert [visitor_of(one.kind) for one in found.signs] == [Visitor.BROWSER]
    assert shown(found) == [("a[href]@browser", "https://bets.test/")]


def test_of_a_page_whose_text_is_not_known_any_more_or_was_tampered_with_nothing_is_told_later():
    assert compare().difference(None) == ("", "")
    assert compare(page=SampledPage(URL, is_tampered=True)).later(word()) is None


def test_differences_are_lines():
    comparison = compare(view("<title>T</title><p>a</p><p>b</p>"), view("<title>T</title><p>a</p><p>c</p>"))
    assert comparison.difference(view("<title>X</title><p>a</p><p>d</p>")) == ("X\nd", "T\nb\nc")


def test_where_plain_visits_are_sent_only_sometimes_nothing_counts_that_others_are_sent():
    comparison = compare(view(), sent("https://ad.test/"))
    assert comparison.later(()) is None
    assert comparison.of(Visitor.ROBOT, sent("https://bets.test/"), ()) is None


def test_of_signs_that_one_plain_visit_alone_shows_nothing_is_told():
    sign = Reference(URL, URL, "t", Relation.MENTION, kind_of(TamperSign.TEXT))
    once = replace(view(), signs=(sign,))
    assert compare(once, view()).later(()) is None
    assert [sign_of(one.kind) for one in compare(once, once).later(()).signs] == [TamperSign.TEXT]


BODIES = st.lists(
    st.sampled_from(
        [
            "<title>百家乐</title>",
            TEXT,
            "<a href='https://a.test/'>a</a>",
            "<script src='//b.test/x.js'></script>",
            "<iframe src='//c.test/' style='position:fixed;inset:0'></iframe>",
            "<meta http-equiv=refresh content='0;url=https://d.test/'>",
            "<img src='https://[bad'>",
        ]
    ),
    max_size=5,
).map("".join)


@given(first=BODIES, second=BODIES, visitor=st.sampled_from(Visitor))
def test_what_a_plain_visit_shows_is_never_a_difference(first, second, visitor):
    comparison = compare(view(first), view(second))
    added, _ = comparison.difference(view(second))
    assert (added, comparison.of(visitor, view(second), ())) == ("", None)
