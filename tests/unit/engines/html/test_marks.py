from app.engines.html.marks import find_marks, marks
from app.engines.html.tree import HtmlTree


def test_marks_are_found_inside_of_each_other_and_in_whatever_case():
    sought = marks(b"onload", b"load", b"payload", b"onerror")
    assert find_marks(b"<img payloading onload=x>") & sought == {b"onload", b"load", b"payload"}
    assert HtmlTree("<img OnLoad=x>").marks & sought == {b"onload", b"load"}
    assert find_marks(b"") == frozenset()


def test_a_mark_that_becomes_known_later_is_found():
    source = b"<p>zyxwv</p>"
    assert b"zyxwv" not in find_marks(source)
    marks(b"ZYXWV")
    assert b"zyxwv" in find_marks(source)
