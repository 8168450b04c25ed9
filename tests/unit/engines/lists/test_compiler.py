"""From the bytes of a list to what a scan finds in it."""

import gzip

import pytest

from app.domain.reputation_lists import ListFault, ListFormat
from app.engines.lists.formats import UnreadableList


def test_a_mark_of_utf_8_and_line_ends_of_windows_change_nothing(compile_list):
    result, file = compile_list(b"\xef\xbb\xbfone.casino.example\r\ntwo.casino.example\r\n")
    assert list(file.keys()) == ["one.casino.example", "two.casino.example"]
    assert not result.refused
    _, wide = compile_list("one.casino.example\r\ntwo.casino.example\r\n".encode("utf-16"))
    assert list(wide.keys()) == ["one.casino.example", "two.casino.example"]


def test_lines_that_cannot_be_decoded_spoil_no_others(compile_list):
    result, file = compile_list(
        b"one.casino.example # \xb2\xa9\xb2\xca\n\xff\xfe\xfa.com\ntwo.casino.example\n", format=ListFormat.DOMAINS
    )
    assert list(file.keys()) == ["one.casino.example", "two.casino.example"]
    assert result.refused == {"not_an_entry": 1}
    assert result.examples[0][0] == 2


def test_of_entries_that_stand_twice_the_last_counts(compile_list):
    result, file = compile_list(
        "list: ours\ndate: 2026-11-01\nsource: a test\n"
        "bad.casino.example gambling 0.5\nx.casino.example adult\nBAD.casino.example fraud 0.7\n"
    )
    assert (result.layout, result.date, result.entries, result.duplicates) == ("ours", "2026-11-01", 2, 1)
    assert file.find("bad.casino.example") == ("bad.casino.example", 6, "fraud", 0.7)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<!DOCTYPE html><html><body>Sign in</body></html>", ListFault.HTML),
        ("\ufeff\n<html>\n", ListFault.HTML),
        (gzip.compress(b"bad.casino.example\n", mtime=0), ListFault.BINARY),
        (b"\0" * 100, ListFault.BINARY),
        ("", ListFault.EMPTY),
        ("# nothing today\n", ListFault.EMPTY),
        ('{"error": "rate limit"}\n', ListFault.NOT_A_LIST),
        ("an error has happened\n" * 30 + "bad.casino.example\n", ListFault.NOT_A_LIST),
        ("a.casino.example\nb.casino.example\nc.casino.example\nd.casino.example\n", ListFault.TOO_MANY),
    ],
)
def test_what_is_no_list_is_refused_whole(compile_list, content, fault):
    with pytest.raises(UnreadableList) as refusal:
        compile_list(content, max_entries=3)
    assert refusal.value.fault is fault


def test_what_is_shown_of_a_refused_line_is_bounded_and_printable(compile_list):
    lines = "".join(f"garbage \x1b[31m {number} {'x' * 500}\n" for number in range(50))
    good = "".join(f"a{number}.casino.example\n" for number in range(60))
    result, _ = compile_list(good + lines)
    assert result.refused["not_an_entry"] == 50
    assert len(result.examples) == 20
    assert all(len(text) <= 120 and text.isprintable() for _, text, _ in result.examples)
