import pytest

from app.domain.reputation_lists import (
    ListDefinition,
    ListFormat,
    ListKind,
    UsedList,
    read_definition,
    read_definitions,
    used_list_of,
)
from app.domain.violations import ViolationKey


def test_an_entry_says_name_and_source_and_the_rest_has_defaults():
    assert read_definition("phish=https://lists.example/a.txt?x=1") == ListDefinition(
        "phish", "https://lists.example/a.txt?x=1"
    )
    assert read_definition(" ok=lists/allow.txt  kind=allow class=gambling format=csv score=0.6 ") == ListDefinition(
        "ok", "lists/allow.txt", ListKind.ALLOW, ViolationKey.GAMBLING, ListFormat.CSV, 0.6
    )


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "https://lists.example/a.txt",
        "a=",
        "a,b=x.txt",
        "a=ftp://lists.example/a",
        "a=https:///x",
        "a=../secret",
        "a=x/../../secret",
        "a=/",
        "a=x\0y",
        "a=x\udc80",
        "a=https://lists.example/" + "a" * 500,
        "a=x kind=grey",
        "a=x class=takeover",
        "a=x class=hidden_link",
        "a=x format=pdf",
        "a=x score=0",
        "a=x score=nan",
        "a=x score=much",
        "a=x kind=allow kind=block",
        "a=x colour=red",
    ],
)
def test_what_is_no_entry_is_refused(entry):
    with pytest.raises(ValueError):  # noqa: PT011 - the setting has one text for all of them
        read_definition(entry)


def test_names_stand_once_and_lists_are_bounded():
    assert len(read_definitions([f"list{number}=x.txt" for number in range(16)])) == 16
    with pytest.raises(ValueError, match="too many"):
        read_definitions([f"list{number}=x.txt" for number in range(17)])
    with pytest.raises(ValueError, match="of one name"):
        read_definitions(["a=x.txt", "A=y.txt"])


def test_a_definition_that_says_something_else_has_another_key():
    entries = ["a=x.txt", "b=x.txt", "a=y.txt", "a=x.txt kind=allow", "a=x.txt class=fraud", "a=x.txt score=0.5"]
    assert len({read_definition(entry).key for entry in entries}) == len(entries)
    assert read_definition("a=x.txt").key == read_definition("a=x.txt kind=block").key


def test_what_is_shown_of_a_source_has_no_secret():
    assert ListDefinition("a", "https://me:word@lists.example/a?key=secret#x").shown_source == "https://lists.example/a"
    assert ListDefinition("a", "/srv/private/lists/a.txt").shown_source == "a.txt"


def test_a_used_list_is_read_back():
    used = UsedList("1", "a", ListKind.ALLOW, "a.txt", "2026-11-27", "0" * 64, 3, "1" * 64, 100)
    assert used_list_of(used.to_json()) == used
