from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from app.engines.cloaking.page_sample import (
    GONE,
    INNER_PER_HOST,
    MAX_HOSTS,
    MAX_ODD,
    MAX_PAGES,
    MAX_STARTS,
    PageSample,
    SampledPage,
    hash_lines,
)


def offer(sample, url, pattern="p", **more):
    return sample.offer(url, pattern, partial(SampledPage, url), **more)


def urls(sample):
    return [page.url for page in sample.pages()]


def test_start_pages_come_first_then_odd_ones_then_the_others_with_hosts_in_turn():
    sample = PageSample()
    for number, host in ((1, "a"), (2, "a"), (1, "b")):
        offer(sample, f"http://{host}.test/{number}", f"p{number}")
    offer(sample, "http://a.test/odd", is_odd=True)
    offer(sample, "http://a.test/", is_start=True)
    assert urls(sample) == [
        "http://a.test/",
        "http://a.test/odd",
        "http://a.test/1",
        "http://b.test/1",
        "http://a.test/2",
    ]


def test_of_each_host_a_few_pages_are_taken_and_one_of_each_pattern():
    sample = PageSample()
    assert offer(sample, "http://a.test/news/1", "news")
    assert not offer(sample, "http://a.test/news/2", "news")
    assert sum(offer(sample, f"http://a.test/{number}", str(number)) for number in range(20)) == INNER_PER_HOST - 1


def test_an_address_where_nothing_is_has_a_place_of_its_own():
    sample = PageSample()
    for number in range(INNER_PER_HOST):
        offer(sample, f"http://a.test/{number}", str(number))
    assert offer(sample, "http://a.test/gone", GONE)
    assert not offer(sample, "http://a.test/gone-too", GONE)


def test_a_page_is_described_only_when_it_is_taken():
    sample, made = PageSample(), []
    for number in range(3):
        sample.offer("http://a.test/", "p", lambda number=number: made.append(number) or SampledPage("http://a.test/"))
    assert made == [0]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50), st.sampled_from(["start", "odd", ""])), max_size=400)
)
def test_whatever_a_site_looks_like_the_sample_is_bounded_and_names_no_page_twice(offers):
    sample = PageSample()
    for host, path, sort in offers:
        url = f"http://h{host}.test/{path}"
        offer(sample, url, str(path), is_start=sort == "start", is_odd=sort == "odd")
    found = urls(sample)
    assert len(found) == len(set(found)) <= MAX_PAGES
    assert len(sample.to_json()) <= MAX_STARTS + MAX_ODD + MAX_HOSTS * (INNER_PER_HOST + 1)
    assert urls(PageSample.from_json(sample.to_json())) == found


def test_what_was_tampered_with_is_known_after_a_crash():
    sample = PageSample()
    sample.offer("http://a.test/", "p", lambda: SampledPage("http://a.test/", is_tampered=True), is_odd=True)
    (page,) = PageSample.from_json(sample.to_json()).pages()
    assert page == SampledPage("http://a.test/", is_tampered=True)


def test_lines_are_known_again():
    seen = hash_lines("Title", "one\ntwo")
    assert hash("Title") in seen
    assert hash("two") in seen
    assert hash("three") not in seen
