"""A page may refer to one address any number of times, visibly and hidden: nothing is lost, and little is kept."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import Reference, Relation
from app.engines.extract.equal_references import MAX_EQUAL, EqualReferences, keep_few_equal
from app.engines.extract.page import extract

PAGE, CASINO = "https://www.a.test/", "http://casino.test/"
LINKS = st.builds(
    Reference,
    page_url=st.just(PAGE),
    url=st.sampled_from([CASINO, "http://shop.test/"]),
    raw=st.just("//x"),
    relation=st.just(Relation.LINK),
    kind=st.sampled_from(["a[href]", "area[href]"]),
    dom_path=st.sampled_from(["", "a:nth-child(1)", "a:nth-child(2)"]),
    text=st.sampled_from(["", "Casino"]),
    hidden=st.sampled_from([None, "display_none", "off_screen"]),
    rel=st.sampled_from(["", "nofollow", "nofollow ugc"]),
)


def group_of(reference):
    return reference.url, reference.kind, reference.hidden, "ugc" in reference.rel


def counted(references):
    found = Counter()
    for reference in references:
        found[group_of(reference)] += 1 + reference.repeats
    return found


@given(st.lists(LINKS, max_size=150))
def test_in_any_order_and_mix_the_kept_and_their_repeats_are_what_stands_on_the_page(references):
    kept = keep_few_equal(references, limit=1_000)
    assert counted(kept) == counted(references)
    assert all(number <= MAX_EQUAL for number in Counter(map(group_of, kept)).values())
    as_written = [replace(one, repeats=0) for one in kept]
    assert as_written == [one for one in dict.fromkeys(references) if one in {*as_written}]
    few = {group for group, number in Counter(map(group_of, {*references})).items() if number <= MAX_EQUAL}
    assert {one for one in references if group_of(one) in few} == {one for one in as_written if group_of(one) in few}


@given(st.lists(LINKS, max_size=60), st.integers(0, 59))
def test_what_was_kept_of_a_page_is_kept_again_when_it_is_read_again(references, cut):
    """Its beginning was stored before a crash; nothing of it is another reference afterwards."""
    kept = keep_few_equal(references, limit=1_000)
    assert keep_few_equal(references, limit=1_000) == kept
    beginning = keep_few_equal(references[:cut], limit=1_000)
    assert {group_of(one) for one in beginning} <= {group_of(one) for one in kept}


def links(*markup, styles=""):
    body = f"<html><head><style>{styles}</style></head><body>{''.join(markup)}</body></html>"
    return extract(body.encode(), url=PAGE, headers=[("content-type", "text/html")]).references


def test_a_hidden_link_beside_a_visible_one_to_the_same_address_is_kept_with_its_place_and_text():
    visible, hidden = f"<a href='{CASINO}'>Partner</a>", f"<p style='display:none'><a href='{CASINO}'>Casino</a></p>"
    for markup in ((visible, hidden), (hidden, visible)):
        found = {one.hidden: one for one in links(*markup)}
        assert (found[None].text, found["display_none"].text) == ("Partner", "Casino")
        assert found[None].dom_path != found["display_none"].dom_path


def test_a_link_that_is_hidden_behind_ten_thousand_visible_ones_is_described():
    many = f"<a href='{CASINO}'>Partner</a>" * 10_000
    found = links(many, f"<i class=x><a href='{CASINO}'>Casino</a></i>", styles=".x{display:none}")
    (hidden,) = [one for one in found if one.hidden]
    assert (hidden.text, hidden.hidden, hidden.repeats) == ("Casino", "display_none", 0)
    assert hidden.dom_path.endswith("i:nth-child(10001) > a:nth-child(1)")
    visible = [one for one in found if not one.hidden]
    assert len(visible) == MAX_EQUAL
    assert sum(1 + one.repeats for one in visible) == 10_000


def test_a_link_that_is_hidden_behind_thousands_of_other_addresses_is_described():
    many = "".join(f"<a href='http://p{number}.test/'>Partner</a>" for number in range(5_000))
    found = links(many, f"<i style='display:none'><a href='{CASINO}'>Casino</a></i>")
    (hidden,) = [one for one in found if one.hidden]
    assert (hidden.url, hidden.text, hidden.hidden) == (CASINO, "Casino", "display_none")


def test_beyond_the_limit_of_a_page_only_what_is_new_is_dropped():
    kept = EqualReferences(limit=1)
    for url in (CASINO, "http://shop.test/", CASINO):
        kept.add(Reference(PAGE, url, url, Relation.LINK, "a[href]"))
    assert [(one.url, one.repeats) for one in kept] == [(CASINO, 1)]
