import pytest

from app.domain.scan_facts import Relation
from app.engines.documents.document import read_document
from tests.support.cpu_time import least_cpu_s

URL = "https://www.a.test/files/x.doc"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
MONIKER = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b"


def wide(text):
    return text.encode("utf-16-le")


def ole(*pieces, name="WordDocument"):
    return OLE + bytes(16).join((wide(name), *pieces))


def record(url, size=None):
    text = wide(url + "\0")
    return MONIKER + (len(text) if size is None else size).to_bytes(4, "little") + text


def read(body):
    return read_document(body, url=URL, is_own=lambda host: host == "www.a.test")


def told(found):
    return [(one.kind, one.url, one.relation) for one in found.references]


def test_records_fields_and_runs_of_text_are_found():
    body = ole(
        record("http://record.test/a"),
        b'\x13 HYPERLINK "http://field.test/" \x14x\x15',
        wide('\x13 HYPERLINK "http://wide.test/" \x14x\x15'),
        b"see http://narrow.test/a}b",
        wide("见 https://run.test/x。"),
        wide("http://schemas.openxmlformats.org/x"),
        record("http://www.a.test/own"),
    )
    found = read(body)
    assert told(found) == [
        ("doc:link", "http://record.test/a", Relation.LINK),
        ("doc:field", "http://field.test/", Relation.LINK),
        ("doc:field", "http://wide.test/", Relation.LINK),
        ("doc:text", "http://narrow.test/a", Relation.MENTION),
        ("doc:text", "https://run.test/x", Relation.MENTION),
    ]
    assert found.links == ("http://www.a.test/own",)


@pytest.mark.parametrize(
    ("name", "kind"), [("WordDocument", "doc"), ("Workbook", "xls"), ("PowerPoint Document", "ppt"), ("Other", "ole")]
)
def test_the_program_is_told_by_its_stream(name, kind):
    assert read(ole(name=name)).kind == kind


def test_an_encrypted_document_in_an_old_container_is_said():
    assert read(ole(name="EncryptedPackage")).problem == "encrypted"


def test_a_length_that_lies_is_bounded_by_the_bytes_and_the_text_by_its_end():
    found = read(ole(record("http://x.test/", size=2**32 - 1), b"rest" * 3_000))
    assert told(found) == [("doc:link", "http://x.test/", Relation.LINK)]
    assert read(OLE + MONIKER).references == ()


def test_rich_text_has_fields():
    body = b'{\\rtf1{\\field{\\*\\fldinst HYPERLINK "http://x.test/a"}{\\fldrslt x}} http://y.test/}'
    assert told(read(body)) == [
        ("rtf:field", "http://x.test/a", Relation.LINK),
        ("rtf:text", "http://y.test/", Relation.MENTION),
    ]


@pytest.mark.parametrize(
    "piece",
    [
        b"HYPERLINK " * 500_000,
        MONIKER * 300_000,
        b"http://" * 700_000,
        wide("http://") * 400_000,
        b"http://a" * 600_000,
    ],
)
def test_what_is_made_to_cost_time_costs_little(piece):
    assert least_cpu_s(lambda: read(ole(piece)), enough_s=4) < 4
