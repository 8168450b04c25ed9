import pytest

from app.engines.extract.css_declarations import read_style, read_variables


def values(text):
    return {name: value for name, (value, _) in read_style(text).items()}


def test_watched_declarations_are_kept_in_lower_case_with_their_weight():
    style = read_style("COLOR: Red; border: 1px; display : NONE !important;; opacity")
    assert dict(style) == {"color": ("red", False), "display": ("none", True)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("margin: 1px 2px 3px", {"margin-top": "1px", "margin-left": "2px"}),
        ("margin: 0 0 0 -5000px", {"margin-top": "0", "margin-left": "-5000px"}),
        ("inset: -5px auto", {"top": "-5px", "bottom": "-5px", "left": "auto", "right": "auto"}),
        ("font: bold 0/0 arial", {"font-size": "0"}),
        ("font: 700 12px/1.5 x", {"font-size": "12px"}),
        ("overflow: hidden scroll", {"overflow-x": "hidden", "overflow-y": "scroll"}),
        ("background: #FFF", {"background-image": "none", "background-color": "rgb(255,255,255)"}),
        ("background: url(a.png) red", {"background-image": "url()", "background-color": "rgb(255,0,0)"}),
        ("background: none", {"background-image": "none", "background-color": "transparent"}),
        ("background: oklch(1 0 0)", {"background-image": "none", "background-color": "unknown"}),
        ("background: var(--x)", {"background-image": "none", "background-color": "var(--x)"}),
        ("-webkit-transform: scale(0)", {"transform": "scale(0)"}),
    ],
)
def test_shorthands_are_what_they_stand_for(text, expected):
    assert values(text) == expected


def test_the_later_declaration_wins_unless_the_earlier_one_is_important():
    assert values("display:none;display:block") == {"display": "block"}
    assert values("display:none!important;display:block") == {"display": "none"}
    assert values("left:0!IMPORTANT;left:-1px ! important") == {"left": "-1px"}


def test_what_a_browser_drops_overrides_nothing():
    assert values("display:none;display:nothing") == {"display": "none"}
    assert values("left:-9999px;left:x") == {"left": "-9999px"}


def test_comments_and_escapes_are_undone():
    assert values("dis/**/play:block;display:/* x */none") == {"display": "none"}
    assert values(r"d\69splay:n\6f ne") == {"display": "none"}
    assert values(r"displa\79 :none;\110000 :x;\0 :x") == {"display": "none"}


def test_custom_properties_are_read_by_name():
    assert read_variables("--a: #FFF; color: red; --b:1px") == {"--a": "#fff", "--b": "1px"}
    assert read_variables("color: red") == {}
