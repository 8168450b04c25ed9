"""Values with a syntax of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.values import refresh_url, split_srcset


@pytest.mark.parametrize(
    ("value", "urls"),
    {
        "a.png": ["a.png"],
        "a.png 1x, b.png 2x": ["a.png", "b.png"],
        "a.png,b.png 2x": ["a.png,b.png"],
        "a.png, b.png": ["a.png", "b.png"],
        " ,, a.png 100w,": ["a.png"],
        "data:image/png;base64,AA== 1x, b.png": ["data:image/png;base64,AA==", "b.png"],
        "a.png (x, y) 1x, b.png": ["a.png", "b.png"],
        "": [],
    }.items(),
)
def test_a_srcset_is_split_as_browsers_do(value, urls):
    assert split_srcset(value) == urls


@pytest.mark.parametrize(
    ("content", "url"),
    {
        "5": None,
        "5;": None,
        "": None,
        "0;url=http://evil.test/": "http://evil.test/",
        "0; URL = 'http://evil.test/ a'": "http://evil.test/ a",
        '3,url="/x': "/x",
        "0.5 /x": "/x",
        "url=x": "x",
    }.items(),
)
def test_a_refresh_is_read_as_browsers_do(content, url):
    assert refresh_url(content) == url


@given(st.text(max_size=200))
def test_no_text_raises(text):
    split_srcset(text)
    refresh_url(text)
