from app.engines.extract.page_styles import MAX_LINKED, PageStyles, linked_sheets
from app.engines.extract.style_sheet import sheet_of
from app.engines.html.tree import HtmlTree

BASE = "http://corp.test/a/"


def trees(markup):
    return [HtmlTree(markup)]


def test_sheets_for_a_screen_are_linked_by_absolute_url_each_once():
    markup = (
        "<link rel=stylesheet href=s.css#x><link rel='StyleSheet' href=/t.css media=screen>"
        "<link rel=stylesheet href=s.css>"
        "<link rel=stylesheet media=print href=p.css><link rel='alternate stylesheet' href=q.css><link rel=icon href=i>"
        "<link rel=stylesheet disabled href=d.css><link rel=stylesheet><link rel=stylesheet href='http://['>"
        "<body><noscript><link rel=stylesheet href=n.css></noscript>"
    )
    assert linked_sheets(trees(markup), BASE) == ["http://corp.test/a/s.css", "http://corp.test/t.css"]


def test_a_page_names_a_bounded_number_of_sheets():
    markup = "".join(f"<link rel=stylesheet href={number}.css>" for number in range(500))
    assert len(linked_sheets(trees(markup), BASE)) == MAX_LINKED


def styles(markup, **known):
    sheets = {f"{BASE}{name}.css": [sheet_of(text)] for name, text in known.items()}
    return PageStyles.of(trees(markup), BASE, sheets)


def test_sheets_and_blocks_apply_in_the_order_of_the_page():
    found = styles(
        "<style>.a{display:none}</style><link rel=stylesheet href=s.css><style>.c{display:none}</style>"
        "<script>document.write('<style>.d{display:none}</style>')</script>",
        s=".b{display:none}",
    )
    assert [list(sheet.hiding) for sheet in found.sheets] == [[".a"], [".b"], [".c"], [".d"]]
    assert found.complete


def test_a_sheet_that_is_not_at_hand_leaves_the_styles_incomplete():
    markup = "<link rel=stylesheet href=s.css><link rel=stylesheet href=//cdn.test/t.css>"
    assert not styles(markup, s="").complete
    assert styles("<link rel=stylesheet href=s.css>", s="").complete


def test_too_much_text_in_blocks_is_left_out_and_said():
    found = styles(f"<style>{' ' * 700_000}</style><style>.a{{display:none}}</style>")
    assert (found.complete, list(found.sheets)) == (False, [])


def test_colours_of_backgrounds_come_from_sheets_and_custom_properties():
    found = styles("<style>:root{--x:#0a0b0c;--y:1px}.a{background:#111213;color:red}</style>")
    assert {(10, 11, 12), (17, 18, 19), (255, 255, 255)} == set(found.grounds)
    assert found.variables == {"--x": "#0a0b0c", "--y": "1px"}
