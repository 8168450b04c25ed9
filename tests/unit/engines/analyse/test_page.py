import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.analyse.page import MAX_ITEMS, PageView, parse_page


def test_the_parts_of_a_page_are_read():
    page = parse_page(
        "<title> Shop </title><meta name=Description content='About'><meta property='og:title' content='Og'>"
        "<meta name=viewport content='width'><h1>One</h1><h2></h2><h2>Two</h2><img alt='Picture'><img alt=''>"
        "<form action='/go'><input type=hidden name=t><input type=PASSWORD name=PW placeholder='Word'>"
        "<textarea name=t2></textarea><input type=submit></form>"
    )
    assert page.title == "Shop"
    assert page.headings == ("One", "Two")
    assert page.meta == ("About", "Og")
    assert page.alts == ("Picture",)
    assert page.actions == ("/go",)
    assert [(field.type, field.hints) for field in page.fields] == [("password", "pw word"), ("textarea", "t2")]


@pytest.mark.parametrize(
    ("html", "automatic"),
    [
        ("<a href='a.EXE'>x</a>", False),
        ("<a href='a.apk?x=1'>x</a>", False),
        ("<meta http-equiv=Refresh content='0; url=a.msi'>", True),
        ("<script>window.location.href = 'https://x.example/a.exe'</script>", True),
        ('<script>location.replace("/a.apk")</script>', True),
    ],
)
def test_programs_are_found_where_they_are_linked_or_started(html, automatic):
    assert [download.automatic for download in parse_page(html).downloads] == [automatic]


@pytest.mark.parametrize(
    "html", ["<a href='manual.pdf'>x</a>", "<a href='/exe/'>x</a>", "<script>name = 'a.exe'</script>", "<p>a.exe</p>"]
)
def test_other_files_and_mentions_are_no_programs(html):
    assert parse_page(html).downloads == ()


def test_an_empty_document_gives_an_empty_view():
    assert parse_page("  ") == PageView()


def test_repeated_elements_are_bounded():
    assert len(parse_page("<input name=a>" * 1000).fields) == MAX_ITEMS


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(html):
    parse_page(f"<title>{html}</title><a href='{html}.exe'>{html}</a>{html}")


def test_what_stands_deep_is_found():
    page = parse_page("<title>t</title>" + "<div>" * 11_000 + "<input type=password name=pin><a href=x.apk>get</a>")
    assert page.title == "t"
    assert [field.type for field in page.fields] == ["password"]
    assert [download.url for download in page.downloads] == ["x.apk"]
