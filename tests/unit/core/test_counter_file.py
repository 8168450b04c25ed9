"""A number in a file that only rises."""

import pytest

from app.core.counter_file import CounterFile
from app.core.errors import ConfigurationError


def test_a_missing_file_has_no_value_and_is_made_with_the_first_number(tmp_path):
    counter = CounterFile(tmp_path / "n")
    assert counter.value is None
    assert not (tmp_path / "n").exists()
    counter.raise_to(7)
    assert CounterFile(tmp_path / "n").value == 7
    assert (tmp_path / "n").stat().st_mode & 0o777 == 0o600


def test_it_never_falls(tmp_path):
    counter = CounterFile(tmp_path / "n")
    for number in (5, 3, 9, 9, 1):
        counter.raise_to(number)
    assert counter.value == CounterFile(tmp_path / "n").value == 9


def test_it_keeps_its_inode_and_its_size(tmp_path):
    counter = CounterFile(tmp_path / "n")
    counter.raise_to(1)
    before = (tmp_path / "n").stat()
    counter.raise_to(2**63)
    counter.sync()
    after = (tmp_path / "n").stat()
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size)


@pytest.mark.parametrize("text", ["", "7", "x" * 21, "-0000000000000000001\n", "0000000000000000000\n"])
def test_what_is_no_number_of_ours_has_no_value_and_is_overwritten(tmp_path, text):
    (tmp_path / "n").write_text(text)
    counter = CounterFile(tmp_path / "n")
    assert counter.value is None
    counter.raise_to(4)
    assert CounterFile(tmp_path / "n").value == 4


def test_one_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "n").mkdir()
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/n cannot be opened"):
        CounterFile(tmp_path / "n")


def test_after_its_end_nothing_is_written(tmp_path):
    counter = CounterFile(tmp_path / "n")
    counter.raise_to(1)
    counter.close()
    counter.close()
    counter.sync()
    assert CounterFile(tmp_path / "n").value == 1
