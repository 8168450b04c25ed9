import pytest

from app.engines.documents.kinds import Container, container_of, is_document_name, may_be_document


@pytest.mark.parametrize(
    ("url", "declared", "disposition", "wanted"),
    [
        ("https://a.test/x", "application/pdf; charset=binary", "", True),
        ("https://a.test/x", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "", True),
        ("https://a.test/x", "application/vnd.oasis.opendocument.text", "", True),
        ("https://a.test/x.PDF?a=1#b", "application/octet-stream", "", True),
        ("https://a.test/down?id=1", "application/octet-stream", 'attachment; filename="年.docx"', True),
        ("https://a.test/down?id=1", "", "attachment; filename*=UTF-8''a%2Edoc", True),
        ("https://a.test/down?id=1", "application/octet-stream", "attachment; filename=a.exe", False),
        ("https://a.test/x.zip", "application/zip", "", False),
        ("https://a.test/x.pdf", "image/png", "", False),
        ("https://a.test/x.pdf/", "application/octet-stream", "", False),
    ],
)
def test_what_is_declared_decides_and_where_nothing_is_said_the_name(url, declared, disposition, wanted):
    assert may_be_document(url, (("content-type", declared), ("content-disposition", disposition))) is wanted


@pytest.mark.parametrize(
    ("body", "container"),
    [
        (b"\xef\xbb\xbf\n%PDF-1.4", Container.PDF),
        (b"PK\x03\x04", Container.ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Container.OLE),
        (b"{\\rtf1", Container.RTF),
        (b"<html>%PDF", None),
        (b"", None),
    ],
)
def test_its_beginning_says_what_it_is(body, container):
    assert container_of(body) is container


def test_a_name_ends_as_documents_do():
    assert is_document_name("https://a.test/a/b.Xlsx?x=.png")
    assert not is_document_name("https://a.test/a.pdf/b?x=.pdf")
