"""Where a report's file goes."""

import pytest
from typer import BadParameter

from app.cli.report_output import check_output, write_file


def test_an_ending_and_a_folder_are_checked_before_anything_is_done(tmp_path):
    assert check_output(None) is None
    assert check_output(tmp_path / "report.html") == tmp_path / "report.html"
    with pytest.raises(BadParameter, match="ending"):
        check_output(tmp_path / "report.doc")
    with pytest.raises(BadParameter, match="no_folder"):
        check_output(tmp_path / "none" / "report.html")


def test_a_file_is_written_whole_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "report.html"
    assert write_file(path, [b"one", b"two"]) == 6
    assert path.read_bytes() == b"onetwo"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_fails_leaves_the_one_before(tmp_path):
    path = tmp_path / "report.html"
    path.write_bytes(b"before")

    def pieces():
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(path, pieces())
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
