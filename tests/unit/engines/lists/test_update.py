"""One update of one list, to what a scan finds in it. What is wrong with a list never touches what is there."""

import errno
import gzip

import pytest

from app.domain.reputation_lists import (
    ListDefinition,
    ListFault,
    ListFormat,
    ListKind,
    ListOrder,
    list_order_of,
    list_update_of,
)
from app.engines.lists.formats import UnreadableList
from app.engines.lists.list_file import ListFile
from app.engines.lists.sources import Gotten, SourceFailed
from app.engines.lists.update import update_list
from app.engines.model import NetworkConfig


@pytest.fixture
def update(tmp_path):
    (tmp_path / "lists").mkdir()

    def run(content, *, definition=None, **known):
        path = tmp_path / "list.txt"
        path.write_text(content)
        order = ListOrder(
            definition=definition or ListDefinition("test", "list.txt"),
            path=str(path),
            folder=str(tmp_path / "lists"),
            **known,
        )
        order = list_order_of(order.to_json())  # as its process gets it
        return list_update_of(update_list(order, NetworkConfig(), services=()).to_json())

    return run


def names(count):
    return "".join(f"n{number}.casino.example\n" for number in range(count))


def files(tmp_path):
    return {entry.name for entry in (tmp_path / "lists").iterdir()}


def test_a_new_list_lies_under_the_hash_of_what_it_was_made_into(tmp_path, update):
    found = update("a.casino.example\na.casino.example\ncom\ngithub.io\n")
    assert (found.fault, found.is_new, found.entries, found.duplicates) == (None, True, 1, 1)
    assert found.refused == {"local_name": 1, "public_suffix": 1}
    assert files(tmp_path) == {found.file_sha256}
    assert ListFile(tmp_path / "lists" / found.file_sha256).find("a.casino.example").line == 2


def test_the_list_that_is_known_is_not_new(tmp_path, update):
    known = update(names(5)).sha256
    again = update(names(5), known_sha256=known, known_entries=5)
    assert (again.fault, again.is_new) == (None, False)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize(("count", "fault"), [(50, None), (49, ListFault.SHRUNK)])
def test_a_list_that_shrinks_to_less_than_half_is_not_taken(tmp_path, update, count, fault):
    found = update(names(count), known_sha256="0" * 64, known_entries=100)
    assert found.fault is fault
    assert len(files(tmp_path)) == (fault is None)
    if fault is not None:
        assert found.detail == "49/100"


@pytest.mark.parametrize(
    ("content", "fault"),
    [("", ListFault.EMPTY), ("<html>Not found</html>", ListFault.HTML), ("\0\0\0", ListFault.BINARY)],
)
def test_what_is_no_list_leaves_nothing_behind(tmp_path, update, content, fault):
    found = update(content, known_entries=3)
    assert (found.fault, found.is_new) == (fault, False)
    assert files(tmp_path) == set()


def test_block_lists_are_judged_by_the_allow_lists_of_the_deployment(tmp_path, update):
    allow = update("a.casino.example\n", definition=ListDefinition("fine", "list.txt", ListKind.ALLOW))
    block = update("a.casino.example\nb.casino.example\n", allow_files=[str(tmp_path / "lists" / allow.file_sha256)])
    assert (block.entries, block.refused) == (1, {"allowed": 1})
    assert block.examples == [(1, "a.casino.example", "allowed")]


class Failing:
    def __init__(self, error):
        self.error = error

    async def fetch(self, url, target, *, etag, last_modified):
        raise self.error


@pytest.mark.parametrize(
    ("error", "fault", "detail"),
    [
        (SourceFailed(ListFault.STATUS, "404"), ListFault.STATUS, "404"),
        (OSError(errno.ENOSPC, "full"), ListFault.DISK_FULL, "ENOSPC"),
        (OSError(errno.EFBIG, "too large"), ListFault.DISK_FULL, "EFBIG"),
        (OSError(errno.EIO, "broken"), ListFault.FAILED, "EIO"),
    ],
)
def test_what_fails_on_the_way_is_a_fault(tmp_path, error, fault, detail):
    order = ListOrder(definition=ListDefinition("test", "http://lists.test/"), folder=str(tmp_path))
    found = update_list(order, NetworkConfig(), Failing(error), services=())
    assert (found.fault, found.detail, found.is_new) == (fault, detail, False)
    assert list(tmp_path.iterdir()) == []


def test_the_marks_of_the_source_come_back(tmp_path):
    class Unchanged:
        async def fetch(self, url, target, *, etag, last_modified):
            assert (etag, last_modified) == ('"a"', "today")

    class Sending:
        async def fetch(self, url, target, *, etag, last_modified):
            target.write_text("a.casino.example\n")
            return Gotten('"b"', "tomorrow", "2026-11-20")

    definition = ListDefinition("test", "http://lists.test/")
    order = ListOrder(definition=definition, folder=str(tmp_path), etag='"a"', last_modified="today")
    same = update_list(order, NetworkConfig(), Unchanged(), services=())
    assert (same.is_new, same.fault, same.etag, same.last_modified) == (False, None, '"a"', "today")
    new = update_list(order, NetworkConfig(), Sending(), services=())
    assert (new.is_new, new.etag, new.last_modified, new.date) == (True, '"b"', "tomorrow", "2026-11-20")


def test_a_folder_that_is_gone_is_a_fault(tmp_path):
    order = ListOrder(definition=ListDefinition("test", "x"), path="x", folder=str(tmp_path / "gone"))
    assert update_list(order, NetworkConfig(), services=()).fault is ListFault.FAILED


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
