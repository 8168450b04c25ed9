"""Values with a syntax of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.attribute_values import split_srcset


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


@given(st.text(max_size=200))
def test_no_text_raises(text):
    split_srcset(text)
