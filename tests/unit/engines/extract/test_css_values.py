import pytest

from app.engines.extract.css_values import (
    TRANSPARENT,
    colour_of,
    font_size_px,
    is_same_colour,
    is_translucent,
    length_px,
    opacity_of,
)


@pytest.mark.parametrize(
    ("value", "pixels"),
    [
        ("0", 0), ("-9999px", -9999), ("+1.5em", 24), ("00012px", 12), (".5pt", pytest.approx(2 / 3)), ("100%", 1280),
        ("auto", None), ("calc(1px)", None), ("", None), ("1 px", None),
    ],
)  # fmt: skip
def test_a_length_is_pixels_or_unknown(value, pixels):
    assert length_px(value) == pixels


@pytest.mark.parametrize(("value", "pixels"), [("50%", 8), ("1px", 1), (".1em", pytest.approx(1.6)), ("small", None)])
def test_a_percentage_of_a_font_is_one_of_the_font(value, pixels):
    assert font_size_px(value) == pixels


@pytest.mark.parametrize(
    ("opacity", "filters", "expected"),
    [("0.5", "", 0.5), ("4%", "", 0.04), (None, "alpha(opacity=0)", 0), ("0.5", "opacity(10%)", 0.05), ("x", "", 1)],
)
def test_opacity_and_filters_are_taken_together(opacity, filters, expected):
    assert opacity_of(opacity, filters) == expected


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("#fff", (255, 255, 255)), ("#01020380", (1, 2, 3)), ("#01020300", TRANSPARENT), ("#12345", None),
        ("rgb(1, 2,3)", (1, 2, 3)), ("rgba(1,2,3,0)", TRANSPARENT), ("rgba(1 2 3 / .5)", (1, 2, 3)),
        ("url(x) no-repeat whitesmoke", (245, 245, 245)), ("transparent", TRANSPARENT), ("currentcolor", None),
        ("navy", (0, 0, 128)), ("hsl(0, 0%, 100%)", (255, 255, 255)), ("hsla(0,0%,0%,0)", TRANSPARENT), ("bold", None),
        ("hsl(none)", None),
    ],
)  # fmt: skip
def test_a_colour_is_read_in_the_ways_that_pages_write_it(value, colour):
    assert colour_of(value) == colour


def test_colours_that_no_eye_tells_apart_are_the_same():
    assert is_same_colour((250, 250, 250), (255, 255, 247))
    assert not is_same_colour((250, 250, 250), (250, 250, 241))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("rgba(0,0,0,.2)", True), ("rgba(0, 0, 0, 1)", False), ("rgb(0 0 0 / 50%)", True), ("rgb(0 0 0 / 100%)", False),
        ("#0008", True), ("#000f", False), ("#00000080", True), ("#000000ff", False), ("#fff", False), ("red", False),
        ("rgb(1,2,3)", False), ("hsla(0,0%,0%,.5)", True), ("rgba(0,0,0,1.0)", False),
    ],
)  # fmt: skip
def test_what_shows_through_a_colour_is_told_by_its_last_part(value, expected):
    assert is_translucent(value) is expected
