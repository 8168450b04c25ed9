"""The site's own words, and those of its visitors."""

import pytest

from app.domain.authorship import Author, AuthorSign, authorship_of


@pytest.mark.parametrize(
    ("url", "rel", "sign"),
    [
        ("https://www.corp.test/about/", "nofollow ugc", AuthorSign.REL_UGC),
        ("http://bbs.corp.test/x", "", AuthorSign.FORUM_HOST),
        ("http://m.forum.corp.test:8080/x", "", AuthorSign.FORUM_HOST),
        ("https://corp.test/thread-21.html", "", AuthorSign.FORUM_PATH),
        ("https://corp.test/forum/viewtopic.php?t=3", "", AuthorSign.FORUM_PATH),
        ("https://corp.test/news/5#comments", "", None),
        ("https://corp.test/news/5/comments/", "", AuthorSign.FORUM_PATH),
        ("https://corp.test/wenda/5", "", AuthorSign.FORUM_PATH),
        ("https://corp.test/%62bs/5", "", AuthorSign.FORUM_PATH),
    ],
)
def test_signs_of_a_visitors_hand(url, rel, sign):
    found = authorship_of(url, rel)
    assert found.sign == sign
    assert found.author is (Author.SITE if sign is None else Author.USER)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.corp.test/",
        "https://www.corp.test/about/history.html",
        "https://blog.corp.test/2020/14/",
        "https://corp.test/threading-guide",
        "https://corp.test/topical-news",
        "https://corp.test/club",
        "https://bbs",
        "not a url",
        "",
    ],
)
def test_nothing_speaks_for_a_visitor(url):
    assert authorship_of(url, "nofollow noopener").author is Author.SITE


def test_a_hostile_address_takes_no_time():
    assert authorship_of("http://a.test/" + "view" * 500_000, "x " * 100).author is Author.SITE
