import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.crawl.url_patterns import is_binary, url_pattern


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://a.test/", "a.test/w"),
        ("https://a.test", "a.test/w"),
        ("https://a.test/about.html", "a.test/w.html"),
        ("https://a.test/news/2024/05/17.html", "a.test/news/#.html"),
        ("https://a.test/news/some-title", "a.test/news/w"),
        ("https://a.test/p/3f9a?page=2&sort=up", "a.test/p/@?page&sort"),
        ("https://a.test/list?x=1&b=2&y=3", "a.test/w?*"),
        ("https://a.test/index.php?m=news&c=show&a=view&id=7", "a.test/w.php?a=view&c=show&m=news&id"),
        ("https://a.test/index.php?id=7&a=view&c=show&m=news", "a.test/w.php?a=view&c=show&m=news&id"),
        ("https://a.test/forum.php?mod=viewthread&tid=3&page=2&extra=", "a.test/w.php?mod=viewthread&*"),
        ("https://a.test/index.php?a=7f3&m=1", "a.test/w.php?a&m"),
        ("https://a.test/?s=/news/read/id/9.html", "a.test/w?s"),
        ("https://a.test/a/b/c/d/e", "a.test/a/w"),
        ("https://a.test/a/b/c/d/e/f/g", "a.test/a/w"),
        ("https://a.test/a/b/a/b/a/b/a/b", "a.test!odd"),
        ("https://a.test/" + "x" * 2_000, "a.test!odd"),
        ("https://a.test/" + "y/" * 3 + "z/q/" * 9, "a.test!odd"),
        ("https://a.test:8443/x#part", "a.test:8443/w"),
    ],
)
def test_the_pattern_is_what_urls_of_a_kind_have_in_common(url, pattern):
    assert url_pattern(url) == pattern


@given(st.text(max_size=60))
def test_any_url_has_a_pattern(text):
    assert url_pattern("https://a.test/" + text).startswith("a.test")


@pytest.mark.parametrize(
    ("url", "binary"),
    [
        ("https://a.test/x.pdf", True),
        ("https://a.test/x.PDF?y=1", True),
        ("https://a.test/x.pdf/view", False),
        ("https://a.test/x?file=y.zip", False),
        ("https://a.zip", False),
        ("https://a.zip/", False),
        ("https://a.test/", False),
        ("https://a.test/zip", False),
    ],
)
def test_files_are_told_by_the_extension_of_the_path(url, binary):
    assert is_binary(url) is binary
