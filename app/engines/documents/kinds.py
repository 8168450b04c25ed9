"""Which answers are documents: by what is declared before the body comes, and by how the body begins."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument."
MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf", "application/x-pdf", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.ms-word.document.macroenabled.12",
        "application/vnd.ms-excel.sheet.macroenabled.12", "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        "application/rtf", "text/rtf",
    }
)  # fmt: skip
# Servers that do not know a file say one of these; then its name decides.
_ANY: Final = frozenset(
    {
        "", "application/octet-stream", "binary/octet-stream", "application/zip", "application/x-zip-compressed",
        "application/force-download", "application/download", "application/x-download", "application/x-msdownload",
        "application/unknown", "unknown/unknown", "*/*",
    }
)  # fmt: skip
EXTENSIONS: Final = frozenset(
    {
        "pdf", "doc", "dot", "xls", "xlt", "ppt", "pps", "pot", "wps", "et", "dps", "docx", "docm", "dotx", "dotm",
        "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx", "odt", "ott", "ods", "ots", "odp", "otp", "rtf",
    }
)  # fmt: skip
_LOOKED_AT: Final = 1_024  # bytes in which readers of PDF look for its mark


class Container(StrEnum):
    """What a document is on the outside."""

    PDF = "pdf"
    ZIP = "zip"  # Office Open XML, OpenDocument
    OLE = "ole"  # Office up to 2003, WPS
    RTF = "rtf"


def may_be_document(url: str, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether the answer is declared to be a document; headers have lower case names."""
    declared = _value(headers, "content-type").partition(";")[0].strip().lower()
    if declared in MEDIA_TYPES or declared.startswith((_OPEN_XML, _OPEN_DOCUMENT)):
        return True
    if declared not in _ANY:
        return False
    return is_document_name(url) or _extension(_file_name(headers)) in EXTENSIONS


def is_document_name(url: str) -> bool:
    """Whether the path of a URL ends as documents do: a hint for how much of it may come."""
    return _extension(url.partition("#")[0].partition("?")[0].rpartition("/")[2]) in EXTENSIONS


def container_of(body: bytes) -> Container | None:
    """Tell by its beginning; None: no document that can be read."""
    if body.startswith(b"PK\x03\x04"):
        return Container.ZIP
    if body.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Container.OLE
    if body.startswith(b"{\\rtf"):
        return Container.RTF
    return Container.PDF if b"%PDF-" in body[:_LOOKED_AT] else None


def _value(headers: Sequence[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name == wanted), "")


def _file_name(headers: Sequence[tuple[str, str]]) -> str:
    """Return the name under which the answer wants to be saved, roughly: the last one that is given."""
    name = _value(headers, "content-disposition").rpartition("filename")[2]
    return unquote(name.lstrip("*").lstrip("= ").partition(";")[0].strip(" \"'"))


def _extension(name: str) -> str:
    _, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""
