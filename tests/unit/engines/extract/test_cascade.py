import pytest

from app.engines.extract.cascade import Cascade
from app.engines.extract.page_styles import PageStyles
from app.engines.html.tree import HtmlTree
from tests.support.cpu_time import least_cpu_s


def cascade(markup, *, reads_all=True):
    tree = HtmlTree(markup)
    made = Cascade(tree, PageStyles.of([tree], "http://a.test/"))
    if reads_all:
        made.read_all()
    return made


def style(markup, **options):
    made = cascade(markup, **options)
    return dict(made.style(made.tree.css_first("#t")))


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (".a{left:1px}.a{left:2px}", "2px"),
        ("p.a{left:1px}.a{left:2px}", "1px"),
        ("#t{left:1px}p.a{left:2px}", "1px"),
        (".a{left:1px!important}#t{left:2px}", "1px"),
        ("#t{left:1px}@layer x{#t{left:2px}}", "1px"),
        ("div p{left:1px}p{left:2px}", "1px"),
        (".b{left:1px}", None),
    ],
)
def test_weight_then_order_decide(sheet, expected):
    assert style(f"<style>{sheet}</style><div><p class=a id=t>").get("left") == expected


def test_a_later_sheet_wins():
    assert style("<style>.a{left:1px}</style><style>.a{left:2px}</style><p class=a id=t>") == {"left": "2px"}


def test_the_elements_own_style_wins_over_sheets_but_for_important_ones():
    assert style("<style>#t{left:1px}</style><p id=t style='left:3px'>") == {"left": "3px"}
    assert style("<style>#t{left:1px!important}</style><p id=t style='left:3px'>") == {"left": "1px"}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("<div hidden id=t>", {"display": "none"}),
        ("<table bgcolor=336699 id=t>", {"background-color": "#336699"}),
        ("<table background=x.png id=t>", {"background-image": "url()"}),
        ("<div data-bg=x.png id=t>", {"background-image": "url()"}),
        ("<font color=Red id=t>", {"color": "red"}),
        ("<iframe width=0 height='1px' id=t>", {"width": "0px", "height": "1px"}),
        ("<p bgcolor=red width=0 id=t>", {}),
    ],
)
def test_attributes_declare_too(element, expected):
    assert style(element) == expected


def test_any_rule_wins_over_an_attribute():
    assert style("<style>div{display:block}</style><div hidden id=t>") == {"display": "block"}


def test_custom_properties_are_put_in():
    sheet = ":root{--a:var(--b);--b:#fff}#t{color:var(--a);left:var(--none,3px);top:var(--none)}"
    assert style(f"<style>{sheet}</style><p id=t>") == {"color": "#fff", "left": "3px", "top": "var(--none)"}
    assert "var(" in style("<style>:root{--a:var(--a) var(--a)}#t{color:var(--a)}</style><p id=t>")["color"]


def test_rules_that_hide_nothing_are_matched_when_all_are_asked_for():
    markup = "<style>#t{left:-9999px}.a{position:absolute}</style><p class=a id=t>"
    made = cascade(markup, reads_all=False)
    node = made.tree.css_first("#t")
    assert dict(made.style(node)) == {"left": "-9999px"}
    made.read_all()
    assert dict(made.style(node)) == {"left": "-9999px", "position": "absolute"}


def test_a_selector_that_the_parser_does_not_know_selects_nothing():
    assert style("<style>#t:nonsense(1){left:1px}</style><p id=t>") == {}


def test_a_large_sheet_on_a_large_page_costs_a_bounded_time():
    rules = "".join(f"b:nth-child({number}n),b{{left:-{number}00px}}" for number in range(1, 2_000))
    made = cascade(f"<style>{rules}</style>" + "<b id=t>x</b>" * 50_000)
    assert least_cpu_s(lambda: made.style(made.tree.css_first("#t")), enough_s=3) < 3
