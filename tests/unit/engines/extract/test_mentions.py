import pytest

from app.engines.extract.mentions import find_mentions, mentions_in


def found(source):
    return [(url, kind) for url, kind, _ in find_mentions(source)]


@pytest.mark.parametrize(
    ("source", "mentions"),
    [
        ("<!-- https://x.test/a -->", [("https://x.test/a", "comment")]),
        ("<!--[if IE]><script src='//x.test/a'><![endif]-->", [("//x.test/a", "comment:conditional")]),
        ("<!-- never closed https://x.test/", [("https://x.test/", "comment")]),
        ("<a data-Src='//x.test/a'>", [("//x.test/a", "data:data-src")]),
        ('<a onclick="go(&quot;https://x.test/&quot;)">', [("https://x.test/", "handler:onclick")]),
        ("<a data-u=https:&#47;&#47;x.test>", [("https://x.test", "data:data-u")]),
        ("<a onclick='eval(atob(\"aHR0cHM6Ly94LnRlc3Qv\"))'>", [("https://x.test/", "handler:onclick:atob")]),
        ("<a href='https://x.test/'>https://x.test/</a>", []),
        ("<a data-n='12' onclick='go()'>", []),
    ],
)
def test_urls_of_comments_handlers_and_data_attributes_are_mentioned(source, mentions):
    assert found(source) == mentions


def test_a_mention_shows_what_stands_around_it():
    ((url, kind, around),) = mentions_in("a" * 500 + " https://x.test/ " + "b" * 500, "script")
    assert (url, kind) == ("https://x.test/", "script")
    assert around.startswith("a" * 99)
    assert len(around) == 200


def test_a_page_of_nothing_but_comments_is_bounded():
    assert len(found("<!--https://x.test/-->" * 6_000)) == 5_000
