import pytest

from app.domain.scan_facts import Relation
from app.engines.documents.links import MAX_LINKS, MAX_REFERENCES, MAX_TEXT_URLS, DocumentLinks, find_urls

URL = "https://www.a.test/files/x.pdf"


@pytest.fixture
def links():
    return DocumentLinks(URL, lambda host: host == "www.a.test", kind="pdf")


def test_addresses_are_resolved_and_those_that_are_none_left_out(links):
    for raw in (
        " //x.test/a b ",
        "www.y.test",
        "mailto:a@x.test",
        "javascript:x()",
        "http://localhost/",
        "http://",
        "",
    ):
        links.add(raw, "link")
    assert [one.url for one in links.facts().references] == ["https://x.test/a%20b", "http://www.y.test/"]


def test_an_equal_place_is_told_once_and_another_page_again(links):
    for place in ("page:1", "page:1", "page:2"):
        links.add("http://x.test/", "link", place=place)
    assert [one.dom_path for one in links.facts().references] == ["page:1", "page:2"]


def test_own_addresses_are_links_without_fragment(links):
    links.add("../b#part", "link")
    found = links.facts()
    assert (found.links, found.own_hosts, found.references) == (("https://www.a.test/b",), ("www.a.test",), ())


def test_mentions_say_what_stands_around_and_once_for_the_document(links):
    links.mention("before http://x.test/ after", place="page:1")
    links.mention("again http://x.test/", place="page:2")
    (found,) = links.facts().references
    assert (found.relation, found.snippet, found.dom_path) == (
        Relation.MENTION,
        "before http://x.test/ after",
        "page:1",
    )


def test_what_is_beyond_the_bounds_is_left_out_and_said(links):
    for number in range(MAX_REFERENCES + 1):
        links.add(f"http://h{number}.test/", "link")
    found = links.facts()
    assert (len(found.references), found.is_partial) == (MAX_REFERENCES, True)


def test_own_links_have_a_bound_too(links):
    for number in range(MAX_LINKS + 1):
        links.add(f"/{number}", "link")
    found = links.facts()
    assert (len(found.links), found.is_partial) == (MAX_LINKS, True)


def test_no_text_keeps_control_characters_or_surrogates(links):
    links.add("http://x.test/", "link", text="a\n\ud800 b" * 200, place="sheet:\n" + "x" * 500)
    (found,) = links.facts().references
    assert found.text.startswith("a ? b")
    assert (len(found.text), len(found.dom_path)) == (200, 120)
    found.text.encode()


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
    assert len(list(find_urls("http://x.test/ " * 5_000))) == MAX_TEXT_URLS
