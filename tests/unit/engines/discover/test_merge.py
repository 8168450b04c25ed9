from hypothesis import given
from hypothesis import strategies as st

from app.engines.discover.merge import NameBook


def test_a_name_keeps_all_its_sources_in_the_order_of_naming():
    book = NameBook()
    assert [book.add("www.a.test", source) for source in ("crt.sh", "page", "crt.sh")] == [True, True, False]
    assert book.sources("www.a.test") == ("crt.sh", "page")
    assert book.sources("x.a.test") == ()


def test_a_forgotten_name_is_new_again():
    book = NameBook()
    book.add("www.a.test", "dictionary")
    book.forget("www.a.test")
    book.forget("never.a.test")
    assert "www.a.test" not in book
    assert book.add("www.a.test", "dictionary")


def test_parents_are_the_zones_below_the_target_that_have_children():
    book = NameBook()
    for name in ("a.test", "www.a.test", "x.dev.a.test", "y.dev.a.test", "z.x.dev.a.test"):
        book.add(name, "crt.sh")
    assert book.parents("a.test") == ["dev.a.test", "x.dev.a.test"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_the_order_between_names_never_matters(pairs):
    book, other = NameBook(), NameBook()
    for name, source in pairs:
        book.add(name, source)
    for name in "cba":
        for found, source in pairs:
            if found == name:
                other.add(found, source)
    assert {name: book.sources(name) for name in "abc"} == {name: other.sources(name) for name in "abc"}
    assert len(book) == len({name for name, _ in pairs})
