import pytest

from app.engines.extract.css_rules import read_sheet
from app.engines.extract.style_sheet import MAX_BLOCK, sheet_from_json, sheet_of, sheet_to_json, word_of


@pytest.mark.parametrize(
    ("selector", "word"),
    [
        ("a", "a"), ("ul > LI", "li"), (".x .Y", ".y"), ("div.x#z", "#z"), (".a:not(.b)", ".a"), ("a[href='.q']", "a"),
        (":is(.a, .b) > p", "p"), (":is(.a)", "*"), ("*", "*"), (r".md\:block", "*"), ("li:nth-child(n+3)", "li"),
        ("p:first-child", "p"), (".x > *", "*"), ("a[b", "*"), ("", "*"), ("h1~.k", ".k"), (":root", "*"),
    ],
)  # fmt: skip
def test_a_rule_stands_under_one_word_of_its_last_part(selector, word):
    assert word_of(selector) == word


def words(sheet):
    return sorted(sheet.hiding), sorted(sheet.others)


def test_rules_that_can_hide_stand_apart():
    assert words(sheet_of(".a{display:none} .b{display:block} .c{height:0} .d{height:9px} .e{opacity:1}")) == (
        [".a", ".c"],
        [".b", ".d", ".e"],
    )


def test_a_colour_can_hide_when_a_background_has_it_too():
    sheet = sheet_of(
        ".a{color:#222} .b{color:#333} .c{background:#222} .d{color:white} .e{color:inherit} .f{color:var(--x)}"
    )
    assert words(sheet) == ([".a", ".d", ".e", ".f"], [".b", ".c"])
    assert (0x22, 0x22, 0x22) in sheet.grounds


def test_the_order_of_the_sheet_is_kept():
    sheet = sheet_of(".a{display:block}.a{display:none}.b{display:none}")
    assert [order for order, _ in sheet.others[".a"] + sheet.hiding[".a"] + sheet.hiding[".b"]] == [0, 1, 2]


def test_a_sheet_comes_back_from_text_as_it_was():
    text = (
        ":root{--a:red} a, .b{display:none!important} @layer x{#c p{color:var(--a);left:-9999px}} .d{background:#eee}"
    )
    found = read_sheet(text)
    assert sheet_from_json(sheet_to_json(found.rules, found.variables)) == sheet_of(text)


def test_a_style_that_thousands_of_selectors_share_is_written_once():
    found = read_sheet(",".join(f".s{number}" for number in range(3_000)) + "{clip-path:" + "x" * 290 + "}")
    assert len(sheet_to_json(found.rules, {})) < 3_000 * 50


@pytest.mark.parametrize("text", ["", "[]", "[1,2,3]", '[[],[["a",[0,0,1],5,false]],{}]', "{}"])
def test_what_is_no_sheet_is_refused(text):
    with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
        sheet_from_json(text)


def test_of_a_block_the_beginning_is_read():
    assert words(sheet_of(" " * MAX_BLOCK + ".a{display:none}")) == ([], [])
