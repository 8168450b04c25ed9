"""A ZIP file that is given out while it is written."""

from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

from app.reports.formats.zip_stream import ZipStream


def archive(**entries):
    stream = ZipStream()
    pieces = [piece for name, parts in entries.items() for piece in stream.entry(name, parts)]
    return b"".join([*pieces, *stream.end()])


def test_every_entry_can_be_read_back():
    with ZipFile(BytesIO(archive(one=[b"a" * 100_000, b"b"], two=[]))) as found:
        assert found.testzip() is None
        assert found.read("one") == b"a" * 100_000 + b"b"
        assert found.read("two") == b""


def test_an_entry_leaves_while_it_is_written():
    stream = ZipStream()
    pieces = stream.entry("large", (bytes([number]) * 200_000 for number in range(50)))
    assert next(pieces).startswith(b"PK\x03\x04")
    sizes = [len(piece) for piece in pieces]
    assert len(sizes) > 1


def test_what_is_compressed_already_is_stored():
    stream = ZipStream()
    data = b"".join([*stream.entry("a.jpg", [b"x" * 1_000], compressed=False), *stream.end()])
    with ZipFile(BytesIO(data)) as found:
        assert found.getinfo("a.jpg").compress_type == ZIP_STORED


def test_the_same_contents_make_the_same_bytes():
    assert archive(one=[b"a"]) == archive(one=[b"a"])
