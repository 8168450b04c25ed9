import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.discover.names import valid_name
from app.engines.scope import Scope

SCOPE = Scope("a.test")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("a.test", "a.test"),
        ("  WWW.A.Test. ", "www.a.test"),
        ("*.b.a.test", "b.a.test"),
        ("*.a.test", "a.test"),
        ("中文.a.test", "xn--fiq228c.a.test"),
        ("ｗｗｗ.a.test", "www.a.test"),
        ("1.a.test", "1.a.test"),
    ],
)
def test_names_in_scope_come_out_as_browsers_ask_for_them(raw, name):
    assert valid_name(raw, SCOPE) == name


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "*.",
        "b.test",
        "nota.test",
        "a.test.evil.test",
        "x..a.test",
        "-x.a.test",
        "x-.a.test",
        "_dmarc.a.test",
        "a b.a.test",
        "user@a.test",
        "https://www.a.test",
        "x/y.a.test",
        "x\ny.a.test",
        "x\0.a.test",
        "*.*.a.test",
        f"{'x' * 64}.a.test",
        f"{'x.' * 130}a.test",
        "中@.a.test",
        "中/.a.test",
        "127.0.0.1",
    ],
)
def test_anything_else_is_refused(raw):
    assert valid_name(raw, SCOPE) is None


@given(st.text(max_size=80))
def test_whatever_comes_out_is_a_plain_name_in_scope(text):
    name = valid_name(text + ".a.test", SCOPE)
    assert name is None or (name.isascii() and SCOPE.contains(name) and valid_name(name, SCOPE) == name)
