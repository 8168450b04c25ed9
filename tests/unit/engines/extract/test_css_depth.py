"""Nothing is lost when style sheets are made harmless."""

from app.engines.extract.css_depth import MAX_BRACKETS, limit_css_depth


def test_an_ordinary_sheet_stays_as_it_is():
    text = "@media (min-width:10px){a:not(.b)[c]{width:calc(1px + (2px * 3))}}"
    assert limit_css_depth(text) == text


def test_blocks_beyond_the_limit_lose_their_brackets_and_what_follows_is_read():
    deep = "(" * 500 + "x" + ")" * 500
    tamed = limit_css_depth(f"a{{b:{deep}}} c{{display:none}}")
    assert tamed.count("(") == MAX_BRACKETS - 1 == tamed.count(")")
    assert tamed.endswith("} c{display:none}")


def test_long_numbers_keep_their_first_digits_and_lose_their_zeros():
    assert limit_css_depth("0" * 500 + "12") == "12"
    assert limit_css_depth("0" * 500) == "0"
    assert limit_css_depth("7" * 5_000) == "7" * 20
