import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.discover.hostnames import HostnameIndex, valid_name
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


def test_a_name_keeps_all_its_sources_in_the_order_of_naming():
    index = HostnameIndex()
    assert [index.add("www.a.test", source) for source in ("crt.sh", "page", "crt.sh")] == [True, True, False]
    assert index.sources("www.a.test") == ("crt.sh", "page")
    assert index.sources("x.a.test") == ()


def test_a_forgotten_name_is_new_again():
    index = HostnameIndex()
    index.add("www.a.test", "dictionary")
    index.remove("www.a.test")
    index.remove("never.a.test")
    assert "www.a.test" not in index
    assert index.add("www.a.test", "dictionary")


def test_parents_are_the_zones_below_the_target_that_have_children():
    index = HostnameIndex()
    for name in ("a.test", "www.a.test", "x.dev.a.test", "y.dev.a.test", "z.x.dev.a.test"):
        index.add(name, "crt.sh")
    assert index.parents("a.test") == ["dev.a.test", "x.dev.a.test"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_the_order_between_names_never_matters(pairs):
    index, other = HostnameIndex(), HostnameIndex()
    for name, source in pairs:
        index.add(name, source)
    for name in "cba":
        for found, source in pairs:
            if found == name:
                other.add(found, source)
    assert {name: index.sources(name) for name in "abc"} == {name: other.sources(name) for name in "abc"}
    assert len(index) == len({name for name, _ in pairs})
