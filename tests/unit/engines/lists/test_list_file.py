import random

from app.engines.lists.list_file import ListFile, line_of, write_lines


def written(tmp_path, keys):
    path = tmp_path / "list"
    with path.open("wb") as file:
        write_lines([line_of(key, number, "fraud", 0.5) for number, key in enumerate(keys, start=1)], file)
    return ListFile(path)


def test_every_key_is_found_and_no_other(tmp_path):
    chance = random.Random(7)
    keys = list(dict.fromkeys(f"{'abc-.x'[chance.randrange(6)]}{chance.randrange(400)}.test" for _ in range(300)))
    file = written(tmp_path, keys)
    for number, key in enumerate(keys, start=1):
        assert file.find(key) == (key, number, "fraud", 0.5)
    for key in [f"{number}.test" for number in range(100)] + ["", "zzz", "\0", keys[0][:-1], keys[0] + "x", "\udcff"]:
        assert key in keys or file.find(key) is None


def test_an_empty_file_has_nothing(tmp_path):
    file = written(tmp_path, [])
    assert file.find("a.test") is None
    assert list(file.keys()) == []


def test_a_file_that_was_removed_stays_readable_while_it_is_open(tmp_path):
    file = written(tmp_path, ["a.test"])
    (tmp_path / "list").unlink()
    assert file.find("a.test") is not None


def test_keys_are_told_apart_from_those_that_begin_with_them(tmp_path):
    file = written(tmp_path, ["https://a.test/x", "https://a.test/x/y", "a.test", "a.test-b.test"])
    assert file.find("https://a.test/x").line == 1
    assert file.find("https://a.test/x/") is None
    assert file.find("a.test").line == 3
