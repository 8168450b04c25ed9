from zipfile import ZIP_BZIP2, ZIP_STORED

import pytest

from app.engines.documents.zip_parts import BROKEN, MAX_ALL, MAX_PART, MAX_PARTS, Encrypted, ZipParts
from tests.support.office_files import archive


def test_parts_are_read_by_name_and_what_is_not_there_is_empty():
    parts = ZipParts(archive({"a/b.xml": "x", "c": ""}))
    assert (parts.read("a/b.xml"), parts.read("c"), parts.read("d")) == (b"x", b"", b"")
    assert list(parts.matching("a/", ".xml")) == ["a/b.xml"]
    assert not parts.is_cut


def test_a_part_that_grows_beyond_its_bound_is_cut():
    parts = ZipParts(archive({"a": bytes(MAX_PART + 1)}))
    assert len(parts.read("a")) == MAX_PART
    assert parts.is_cut


def test_all_parts_together_have_a_bound():
    parts = ZipParts(archive({str(number): bytes(MAX_PART) for number in range(5)}))
    assert sum(len(parts.read(str(number))) for number in range(5)) == MAX_ALL
    assert parts.is_cut


def test_of_too_many_parts_the_first_are_known():
    parts = ZipParts(archive({str(number): "" for number in range(MAX_PARTS + 1)}, compression=ZIP_STORED))
    assert (len(parts.names), parts.is_cut) == (MAX_PARTS, True)


def test_a_part_with_a_password_is_told():
    body = bytearray(archive({"a": "x"}))
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Encrypted):
        ZipParts(bytes(body)).read("a")


def test_other_ways_to_compress_are_not_read():
    parts = ZipParts(archive({"a": "x" * 1_000}, compression=ZIP_BZIP2))
    assert (parts.read("a"), parts.is_cut) == (b"", True)


def test_a_part_whose_bytes_are_broken_is_empty():
    body = archive({"a": "x" * 1_000})
    broken = body.replace(body[31:35], b"\xff\xff\xff\xff", 1)
    assert ZipParts(broken).read("a") == b""


def test_what_is_no_archive_raises():
    with pytest.raises(BROKEN):
        ZipParts(b"PK\x03\x04")
