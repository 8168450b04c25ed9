import pytest

from app.engines.documents.text_urls import find_urls


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("siehe http://x.test/a_(b), und", ["http://x.test/a_(b)"]),
        ("(http://x.test/a).", ["http://x.test/a"]),
        ("请访问http://x.test/a下载", ["http://x.test/a"]),
        ("网址：www.x.test。", ["www.x.test"]),
        ("HTTPS://X.test:8443?q=1!", ["HTTPS://X.test:8443?q=1"]),
        ("me@www.x.test aawww.x.test ftp://x.test", []),
        ("http://a.test http://b.test", ["http://a.test", "http://b.test"]),
    ],
)
def test_addresses_end_where_the_sentence_does(text, found):
    assert [url for url, _ in find_urls(text)] == found


def test_of_one_text_no_more_than_a_bound_are_given():
    assert len(list(find_urls("http://x.test/ " * 5_000))) == 2_000
