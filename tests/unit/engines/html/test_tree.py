"""What a tree says is not in it must not be in it."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.html.marks import marks
from app.engines.html.tree import HtmlTree

PIECES = (
    "<P HIDDEN>", "<p hid", "den>", "<svg><style>a</style>", "<ScRiPt>x</sCrIpT>", "<image src=a>", "<math><mi>",
    "</p>", "<template><b hidden></template>", "<!-- <i hidden> -->", "text", "<a\thidden=''>", "<a x='hidden'>",
    "\x00", "&#104;idden",
    "<table><i>", "<select><option hidden>", "<frameset>", "<p/hidden>", "\ud800", "é", "<style>",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_nothing_is_missed_that_a_selector_finds(markup):
    tree = HtmlTree(markup)
    plain = {(node.tag, node.mem_id) for node in tree.css("[hidden]")}
    assert {(node.tag, node.mem_id) for node in tree.find("[hidden]", attributes=marks(b"hidden"))} == plain
    for name in ("script", "style", "img", "svg", "p", "tbody", "template"):
        assert len(tree.find(name, name)) == len(tree.css(name))
        assert (tree.find_first(name, name) is None) == (tree.css_first(name) is None)


@pytest.mark.parametrize("markup", ["", "<p>hello", "<p class=x>hidde n"])
def test_what_is_not_there_is_not_looked_for(markup):
    tree = HtmlTree(markup)
    assert not tree.may_have(("script", "svg"), marks(b"hidden"))
    assert tree.find("an invalid [[ selector", "script", attributes=marks(b"hidden")) == []
    assert tree.find_first("an invalid [[ selector", "script") is None


def test_a_tree_goes_with_its_last_user_not_with_the_next_collection():
    gc.disable()
    try:
        tree = HtmlTree("<p>one<a href=/two>two</a>")
        assert tree.find("a", "a")
        known = weakref.ref(tree)
        del tree
        assert known() is None
    finally:
        gc.enable()
