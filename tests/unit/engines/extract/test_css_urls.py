"""Style sheets: url(), @import, image-set(), escapes and comments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import Relation
from app.engines.extract.css_urls import extract_css, find_css_urls

CASES = {
    "a{background:url(//x.test/a.png) no-repeat, url( 'b)c.png' )}": [("url", "//x.test/a.png"), ("url", "b)c.png")],
    '@import "x.css"; @import url(y.css) screen; @IMPORT URL("z.css");': [
        ("import", "x.css"),
        ("import", "y.css"),
        ("import", "z.css"),
    ],
    "/* url(c.png) */ b{} /* @import 'x'": [],
    r"a{b:u\72l(http\3a//x.test/e.png)}": [("url", "http://x.test/e.png")],
    r'@\69mport "x.css";': [("import", "x.css")],
    'a{b:image-set("a.png" 1x, url(b.png) 2x); c:url(d.png)}': [("url", "a.png"), ("url", "b.png"), ("url", "d.png")],
    "@font-face{src:url(f.woff2) format('woff2'),local('x')}": [("url", "f.woff2")],
    "@media print{a{b:url(m.png)}}": [("url", "m.png")],
    "a{b:myurl(x.png)}": [],
    "a{b:url(unclosed.png": [("url", "unclosed.png")],
    "a{color:red}": [],
    "": [],
}


@pytest.mark.parametrize("text", CASES)
def test_urls_of_a_sheet_are_found(text):
    assert [(kind, raw) for kind, raw, _ in find_css_urls(text)] == CASES[text]


def test_a_fetched_sheet_gives_absolute_references():
    references = extract_css(
        "@import '../b.css';.logo{background:url(//cdn.test/l.png)}", url="http://corp.test/c/a.css"
    )
    assert [(ref.url, ref.kind, ref.relation) for ref in references] == [
        ("http://corp.test/b.css", "css:import", Relation.EMBED),
        ("http://cdn.test/l.png", "css:url", Relation.EMBED),
    ]
    assert references[1].page_url == "http://corp.test/c/a.css"
    assert ".logo" in references[1].snippet


def test_a_large_sheet_is_read_to_its_end():
    text = ".a{color:red}\n" * 20_000 + ".b{background:url(http://evil.test/last.png)}"
    assert [raw for _, raw, _ in find_css_urls(text)] == ["http://evil.test/last.png"]


@given(st.text(alphabet="url()@import\"'\\/*;{}a:. ", max_size=120))
def test_no_sheet_raises(text):
    extract_css(text, url="http://corp.test/")
