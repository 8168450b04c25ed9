import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.reference_collector import MAX_LINKS, MAX_REFERENCES, MAX_SHEETS, ReferenceCollector

PAGE = "https://www.a.test/dir/page"


@pytest.fixture
def collector():
    return ReferenceCollector(PAGE, PAGE, lambda host: host.endswith("a.test"))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("x", ("https://www.a.test/dir/x", True)),
        ("//cdn.a.test/x", ("https://cdn.a.test/x", True)),
        ("//b.test/x", ("https://b.test/x", False)),
        ("mailto:x@b.test", None),
        ("https://", None),
        (f"https://{'x' * 63}.b.test/", (f"https://{'x' * 63}.b.test/", False)),
        (f"https://{'x' * 64}.b.test/", None),
        (f"https://{'x.' * 123}b.test/", (f"https://{'x.' * 123}b.test/", False)),
        (f"https://{'x.' * 124}b.test/", None),
    ],
)
def test_a_url_is_resolved_and_told_to_be_own_or_foreign(collector, raw, found):
    assert collector.locate(raw) == found


def test_a_third_party_is_known_by_its_host_however_long_its_url_is(collector):
    url, own = collector.locate("https://b.test/" + "x" * 100_000)
    assert (len(url), own) == (8_192, False)


def test_own_documents_are_links_without_fragment_and_own_hosts_are_remembered(collector):
    assert collector.follow("x#part") == "https://www.a.test/dir/x#part"
    assert collector.follow("//m.a.test/") == "https://m.a.test/"
    assert collector.follow("//b.test/") == "https://b.test/"
    assert collector.follow(None) is None
    assert list(collector.links) == ["https://www.a.test/dir/x", "https://m.a.test/"]
    assert collector.own_hosts == {"www.a.test", "m.a.test"}


def test_a_page_with_more_style_sheets_than_are_kept_has_overflowed(collector):
    for number in (*range(MAX_SHEETS), 0):
        collector.style(f"{PAGE}/{number}")
    assert not collector.overflowed
    collector.style(f"{PAGE}/one_more")
    assert (len(collector.sheets), collector.overflowed) == (MAX_SHEETS, True)


def test_the_same_mention_is_kept_once_in_each_kind_of_place(collector):
    for kind in ("comment", "comment", "script"):
        collector.mention("//b.test/x", kind, snippet=" some \n text ")
    collector.mention("//www.a.test/", "comment")
    assert [(reference.kind, reference.snippet) for reference in collector.references] == [
        ("comment", "some text"),
        ("script", "some text"),
    ]


def test_a_reference_outside_any_element_is_kept_when_it_is_foreign(collector):
    collector.add_plain("//b.test/i.png", Relation.EMBED, "css:url")
    collector.add_plain("/i.png", Relation.EMBED, "css:url")
    assert [reference.url for reference in collector.references] == ["https://b.test/i.png"]


def test_links_and_references_of_one_page_are_bounded(collector):
    for number in range(MAX_LINKS + 10):
        collector.follow(f"/{number}")
        collector.add_plain(f"//b{number}.test/", Relation.LINK, "a[href]")
    assert len(collector.links) == MAX_LINKS
    assert collector.overflowed
    assert len(collector.references) == MAX_REFERENCES


@pytest.mark.parametrize(("links", "references"), [(1, 0), (0, 1)])
def test_it_says_so_when_something_was_dropped(collector, links, references):
    for _ in range(2):  # what is known is not one more
        for number in range(MAX_LINKS):
            collector.follow(f"/{number}")
            collector.add_plain(f"//b{number}.test/", Relation.LINK, "a[href]")
    assert not collector.overflowed
    for _ in range(links):
        collector.follow("/more")
    for _ in range(references):
        collector.add_plain("//more.test/", Relation.LINK, "a[href]")
    assert collector.overflowed


def test_a_query_is_sent_in_the_charset_of_the_document():
    collector = ReferenceCollector(PAGE, PAGE, lambda host: True, "gbk")
    assert collector.follow("?q=中") == "https://www.a.test/dir/page?q=%D6%D0"


@pytest.mark.parametrize(
    "raw", ["x", "/x/y.html", "x?a=b", "#x", "", "../x", "a b", "//b.test/x", "?q", "{{x}}", "x" * 9_000]
)
@pytest.mark.parametrize("base", [PAGE, "https://b.test/", "https://www.a.test"])
def test_a_plain_link_is_what_the_long_way_makes_of_it(raw, base):
    short, long = (ReferenceCollector(PAGE, base, lambda host: host.endswith("a.test")) for _ in range(2))
    if short.take_plain_link({"href": raw}):
        long.follow(raw)
        assert short.links == long.links
        assert short.own_hosts == long.own_hosts


def test_a_link_with_further_addresses_is_read_in_full(collector):
    assert collector.take_plain_link({"class": "k", "href": "x"})
    assert not collector.take_plain_link({"href": "y", "ping": "//b.test/"})
    assert not collector.take_plain_link({"ping": "//b.test/"})
    assert list(collector.links) == ["https://www.a.test/dir/x"]
