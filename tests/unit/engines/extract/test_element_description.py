import pytest
from selectolax.lexbor import LexborHTMLParser

from app.engines.extract.element_description import MAX_TEXT, DomPaths, collapse_whitespace, snippet_of, text_of

MARKUP = "<body><div></div><div><p>x</p><!-- c --><p><a href='/a' title='T'> one\n <b>two</b></a></p></div>"


@pytest.fixture
def tree():
    return LexborHTMLParser(MARKUP)


def test_a_path_is_a_selector_that_finds_the_element_again(tree):
    paths = DomPaths()
    for node in tree.css("*"):
        (found,) = tree.css(paths.of(node))
        assert found.mem_id == node.mem_id


def test_a_path_of_a_very_deep_element_shows_the_innermost_part():
    tree = LexborHTMLParser("<body>" + "<div>" * 200 + "<a>x</a>")
    path = DomPaths().of(tree.css_first("a"))
    assert path.endswith("div:nth-child(1) > a:nth-child(1)")
    assert not path.startswith("html")
    assert path.count(">") < 80


def test_a_snippet_is_the_start_tag_with_the_text_and_bounded(tree):
    node = tree.css_first("a")
    assert snippet_of(node, node.attributes, "one two") == '<a href="/a" title="T">one two'
    assert len(snippet_of(node, {"href": "x" * 500, "title": "y" * 500}, "")) == MAX_TEXT


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<a> one\n <b>two</b></a>", "one two"),
        ("<a title='t' aria-label='l'><img alt='i'></a>", "l"),
        ("<a title='t'><img alt='i'></a>", "t"),
        ("<a><img><img alt=' a  picture '></a>", "a picture"),
        ("<a></a>", ""),
    ],
)
def test_the_text_of_an_element_or_what_stands_for_it(markup, text):
    assert text_of(LexborHTMLParser(markup).css_first("a")) == text


def test_an_element_that_is_never_closed_costs_little():
    node = LexborHTMLParser("<a>" + "word " * 100_000).css_first("a")
    assert len(text_of(node)) <= MAX_TEXT


def test_white_space_is_collapsed_and_the_text_bounded():
    assert collapse_whitespace(" a \t\n b ") == "a b"
    assert len(collapse_whitespace("x" * 10_000)) == MAX_TEXT


@pytest.mark.parametrize("name", ["x" * 50_000, "media:content", "a.b", 'q"uote', "\u4e2d-x"])
def test_a_name_that_no_selector_takes_is_left_out_and_the_path_still_finds_the_element(name):
    """Nor may it be long: it stands in the path of every link below."""
    tree = LexborHTMLParser(f"<body><x{name}><i></i><a href=1>one</a></x{name}><a href=2>two</a>")
    link = tree.css_first("a[href='1']")
    path = DomPaths().of(link)
    assert len(path) < 100
    assert [node.attributes["href"] for node in tree.css(path)] == ["1"]
