"""Files that settings name: what is refused of any of them, and how the start says so."""

import os

import pytest

from app.core.errors import ConfigurationError
from app.core.setting_files import UnusableFile, check_file, read_file
from tests.support.said import said


def read(path):
    return read_file(path, max_bytes=4)


def code_of(path):
    with pytest.raises(UnusableFile) as found:
        read(path)
    return found.value.code


def test_a_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"four")
    assert read(path) == b"four"
    path.write_bytes(b"fives")
    assert code_of(path) == "too_large"


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert {code_of(tmp_path / name) for name in ("pipe", "nothing", "\0")} | {code_of(tmp_path)} == {"unreadable"}


def test_the_start_names_the_variable_and_the_bound(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"fives")
    with pytest.raises(ConfigurationError, match="VARIABLE: ") as refused:
        check_file(path, read, name="VARIABLE", about="root_certificates.", most=4)
    assert said("root_certificates.too_large", most=4) in str(refused.value)
    check_file(None, read, name="VARIABLE", about="root_certificates.", most=4)
