"""Office up to 2003 (doc, xls, ppt) and RTF: addresses as they lie in the bytes.

The formats have no part that one could read alone, so nothing is parsed: records of hyperlinks, fields, runs of text.
A text that the file system inside the file has split is not seen whole.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from app.engines.documents.links import DocumentLinks

_NAMES: Final = (("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"), ("PowerPoint Document", "ppt"))
MAX_FOUND: Final = 2_000  # of each sort
# URL moniker of a hyperlink (MS-OSHARED 2.3.7.6): its class, the length in bytes, the address in UTF-16.
_MONIKER: Final = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b"
_LENGTH: Final = 4
_MAX_BYTES: Final = 4_096
_END: Final = re.compile(r"[\"<>{}\\|^`]")
_FIELD: Final = re.compile(rb'HYPERLINK\s{1,10}(?:\\[a-z] )?"([^"\x00-\x1f]{1,2048})"')
_WIDE_FIELD: Final = re.compile(b'H\0Y\0P\0E\0R\0L\0I\0N\0K\0(?: \0){1,10}"\0((?:[^"\0-\x1f]\0){1,2048})"\0')
# In lower case, as nearly everybody writes it: a search for letters of both cases takes ten times as long.
_NARROW: Final = re.compile(rb"https?://[!-~]{4,2048}")
_WIDE: Final = re.compile(b"h\0t\0t\0p\0(?:s\0)?:\0/\0/\0(?:[!-~]\0){4,2048}")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# What Office itself writes into every file: names of schemas.
_SCHEMAS: Final = ("http://schemas.", "https://schemas.", "http://www.w3.org/", "http://purl.org/", "http://ns.adobe.")


def is_encrypted(body: bytes) -> bool:
    """Tell whether this is a newer document that lies encrypted in an old container."""
    return _ENCRYPTED in body


def read_old_office(body: bytes, links: DocumentLinks) -> None:
    """Add what the document leads to."""
    links.kind = next((kind for name, kind in _NAMES if name.encode("utf-16-le") in body), "ole")
    for found in _monikers(body):
        links.add(found, "link")
    for match in islice(_FIELD.finditer(body), MAX_FOUND):
        links.add(match[1].decode("utf-8", "replace"), "field")
    for match in islice(_WIDE_FIELD.finditer(body), MAX_FOUND):
        links.add(match[1].decode("utf-16-le", "replace"), "field")
    _mention(links, (match[0].decode("ascii") for match in islice(_NARROW.finditer(body), MAX_FOUND)))
    _mention(links, (match[0].decode("utf-16-le") for match in islice(_WIDE.finditer(body), MAX_FOUND)))


def read_rtf(body: bytes, links: DocumentLinks) -> None:
    """Add what a RTF document leads to."""
    links.kind = "rtf"
    for match in islice(_FIELD.finditer(body), MAX_FOUND):
        links.add(match[1].decode("ascii", "replace"), "field")
    _mention(links, (match[0].decode("ascii") for match in islice(_NARROW.finditer(body), MAX_FOUND)))


def _monikers(body: bytes) -> Iterator[str]:
    position = body.find(_MONIKER)
    for _ in range(MAX_FOUND):
        if position < 0:
            return
        start = position + len(_MONIKER) + _LENGTH
        size = int.from_bytes(body[start - _LENGTH : start], "little")
        text = body[start : start + min(size, _MAX_BYTES)].decode("utf-16-le", "replace").partition("\0")[0]
        if text.lower().startswith(("http:", "https:")):
            yield text
        position = body.find(_MONIKER, start)


def _mention(links: DocumentLinks, texts: Iterator[str]) -> None:
    for text in texts:
        if not text.lower().startswith(_SCHEMAS):
            # Braces, brackets and quotes end an address where text of a program stands around it.
            links.mention(_END.split(text, maxsplit=1)[0])
