"""What stages and the outside say to each other."""

from app.engines.ports import Unreadable


def test_what_cannot_be_read_says_why_as_a_key():
    assert Unreadable("cpu").reason == "cpu"
