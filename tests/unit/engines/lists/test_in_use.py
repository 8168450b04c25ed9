import orjson

from app.domain.reputation_lists import FoundLists, ListKind, UsedList
from app.engines.lists.in_use import about_target, lists_of, opened, order_of
from app.engines.lists.list_file import line_of, write_lines
from app.engines.scope import Scope


def make(tmp_path, name, *keys):
    path = tmp_path / name
    with path.open("wb") as file:
        write_lines([line_of(key, number, "fraud", 0.9) for number, key in enumerate(keys, start=1)], file)
    return UsedList("1", name, ListKind.BLOCK, "x.txt", "2026-11-20", "0" * 64, len(keys), "1" * 64, 1), path


def test_a_process_reads_what_it_was_told_also_when_the_file_is_gone(tmp_path):
    used, path = make(tmp_path, "feed", "bad.example")
    with opened(FoundLists([(used, path)])) as lists:
        path.unlink()
        ((found, file),) = lists_of(orjson.loads(orjson.dumps(order_of(lists))))
        assert found == used
        assert file.find("bad.example").line == 1


def test_entries_that_mean_the_target_are_told(tmp_path):
    found = FoundLists(
        [make(tmp_path, "one", "other.example", "corp.example"), make(tmp_path, "two", "www.corp.example")]
    )
    with opened(found) as lists:
        assert about_target(lists, Scope("www.corp.example")) == [
            ("one", "corp.example", 2),
            ("two", "www.corp.example", 1),
        ]
        assert about_target(lists, Scope("corp.example")) == [("one", "corp.example", 2)]
        assert about_target(lists, Scope("nobody.example")) == []
        own = Scope("nobody.example", frozenset({"other.example"}))
        assert about_target(lists, own) == [("one", "other.example", 1)]
