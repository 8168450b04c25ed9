"""Equal things of two scans get equal texts."""

import pytest

from app.domain.comparable import (
    comparable_issuer,
    comparable_page,
    comparable_script,
    comparable_title,
    comparable_url,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.test/p?PHPSESSID=1f&b=2", "http://a.test/p?b=2&PHPSESSID=9c"),
        ("http://a.test/p;jsessionid=1F?b=2", "http://a.test/p?b=2#top"),
        ("http://a.test/p?utm_source=x", "http://a.test/p"),
    ],
)
def test_a_page_is_the_same_in_another_session(one, other):
    assert comparable_page(one) == comparable_page(other)


@pytest.mark.parametrize("query", ["t=1", "id=4", "v=2", "time=5", "key=0123456789abcdef0123"])
def test_a_page_with_another_parameter_may_be_another_page(query):
    assert comparable_page(f"http://a.test/p?{query}") != comparable_page("http://a.test/p")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.test/?t=1764550000&x=1", "http://a.test/?t=1764553600&x=1"),
        ("http://a.test/?x=1&ref=9f86d081884c7d65", "http://a.test/?x=1&ref=2c26b46b68ffc68f"),
        ("http://a.test/?n=17645500001", "http://a.test/?n=17645500002"),
    ],
)
def test_a_target_is_the_same_whatever_passes(one, other):
    assert comparable_url(one) == comparable_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.test/app.3f9a1c7e.js?v=1", "https://a.test/app.77ab01cc.js?v=2"),
        ("https://a.test/2.4.1/lib.js", "https://a.test/2.5.0/lib.js"),
    ],
)
def test_a_script_is_the_same_in_another_build(one, other):
    assert comparable_script(one) == comparable_script(other)


@pytest.mark.parametrize("other", ["https://a.test/track.js", "https://b.test/app.js", "https://a.test/app/loader.js"])
def test_another_script_is_another_one(other):
    assert comparable_script("https://a.test/app.js") != comparable_script(other)


def test_a_title_has_no_clock():
    assert comparable_title("News 12:04:55") == comparable_title("News 12:05:03")


def test_chinese_titles_are_compared_by_pairs():
    assert comparable_title("水泵公司") == {"水泵", "泵公", "公司"}
    assert not comparable_title("水泵公司") & comparable_title("澳门赌场")


def test_an_intermediate_of_an_issuer_is_the_issuer():
    assert comparable_issuer("R11") == comparable_issuer("R10")
    assert comparable_issuer("GTS CA 1C3") == comparable_issuer("GTS CA 1D4")
    assert comparable_issuer("Example CA") != comparable_issuer("Other CA")
