import pytest

from app.engines.extract.cascade import Cascade
from app.engines.extract.covering import is_covered
from app.engines.extract.page_styles import PageStyles
from app.engines.html.tree import HtmlTree

BELOW = "position:absolute;left:0;top:10px;z-index:1"
COVER = "position:absolute;left:0;top:0;width:600px;height:60px;background:#d8e4f0;z-index:2"


def covered(below, *siblings):
    others = "".join(f"<p style='{sibling}'>x</p>" for sibling in siblings)
    tree = HtmlTree(f"<div><!-- c --><b id=t style='{below}'>x</b>{others}</div>")
    cascade = Cascade(tree, PageStyles())
    node = tree.css_first("#t")
    return is_covered(node, cascade.style(node), cascade.style)


def test_a_sibling_that_is_placed_over_an_element_covers_it():
    assert covered(BELOW, "color:red", COVER)


@pytest.mark.parametrize(
    "change",
    [
        "z-index:0", "z-index:auto", "position:static", "width:auto", "height:15px", "left:10px", "top:20px",
        "background:none", "background:rgba(0,0,0,.2)", "opacity:.5", "display:none", "visibility:hidden", "left:50%",
    ],
)  # fmt: skip
def test_one_that_lies_elsewhere_or_can_be_seen_through_does_not(change):
    assert not covered(BELOW, f"{COVER};{change}")


@pytest.mark.parametrize("change", ["z-index:auto", "position:relative", "left:auto", "top:10%", "z-index:3"])
def test_an_element_whose_place_is_not_known_is_taken_as_seen(change):
    assert not covered(f"{BELOW};{change}", COVER)


def test_what_lies_behind_the_first_block_of_its_container_is_covered():
    block = "display:block;width:100%;height:80px;background:#456"
    assert covered("position:absolute;left:0;top:20px;z-index:-1", block)
    assert not covered("position:absolute;left:0;top:20px;z-index:-1", "color:red", block)
