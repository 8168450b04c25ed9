"""References as CSV (RFC 4180) that a spreadsheet may open: no cell of it is a formula."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from io import StringIO
from itertools import islice
from typing import Any, Final

COLUMNS: Final = (
    "reference_id",
    "page_url",
    "page_title",
    "depth",
    "url",
    "relation",
    "kind",
    "dom_path",
    "link_text",
    "hidden_by",
    "rel",
    "author",
    "via",
    "loaded_by",
    "raw",
    "snippet",
    "repeats",
)
CHUNK: Final = 200  # rows of one piece
BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()  # without it a spreadsheet takes Chinese for something else
# With one of these a formula begins; the last four as Chinese keyboards write them.
_FORMULA: Final = (
    "=+@-\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH COMMERCIAL AT}\N{FULLWIDTH HYPHEN-MINUS}"
)
# Where semicolons part the cells (most of Europe), a cell begins within what is one here; so after tabs and breaks.
_BREAKS: Final = ";\t\r\n"
BETWEEN_URLS: Final = " < "  # of a list: who loaded something, then who loaded that
_WITHIN: Final = re.compile(rf'([{_BREAKS}])(?=[ "]*[{re.escape(_FORMULA)}])')


class Percentage(float):
    """A number of 0 to 1 that a table shows as a percentage."""


def table_pieces(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Yield any table in the same way: the head, then a piece for every so many rows."""
    yield BOM + _lines([map(_cell, columns)])
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        yield _lines(map(_cell, row) for row in chunk)


def csv_pieces(chunks: Iterable[Iterable[Mapping[str, Any]]]) -> Iterator[bytes]:
    """Yield the head, then a piece for each chunk of references (`EvidenceViews.reference`)."""
    yield BOM + _lines([COLUMNS])
    for chunk in chunks:
        yield _lines([_cell(item[name]) for name in COLUMNS] for item in chunk)


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    """What a spreadsheet would calculate gets an apostrophe in front, as OWASP advises, also within a text."""
    if isinstance(value, list):
        value = BETWEEN_URLS.join(value)
    if isinstance(value, Percentage):
        return f"{value:.0%}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if not isinstance(value, str):
        return "" if value is None else value
    text = _WITHIN.sub(r"\1'", value)
    return f"'{text}" if text.lstrip(" ").startswith((*_FORMULA, *_BREAKS)) else text
