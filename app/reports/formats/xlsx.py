"""Sheets as an XLSX file (ECMA-376), written forward: a library keeps a workbook until its end, this one row.

Texts are inline strings, which no spreadsheet calculates, whatever they begin with.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from html import escape
from itertools import islice
from typing import Final
from unicodedata import east_asian_width

from app.core.spreadsheet import Percentage
from app.reports.formats.tables import Sheet, Value
from app.reports.formats.zip_stream import ZipStream

MAX_ROWS: Final = 1_048_575  # of a sheet, below its head
MAX_CELL: Final = 32_767  # characters
CHUNK: Final = 200  # rows of one piece
MAX_NAME: Final = 31
NARROWEST, WIDEST = 8, 60  # characters of a column; wider cells are wrapped
_PADDING: Final = 4  # of a column: its margins, and the button of its filter
_FORBIDDEN_IN_NAME: Final = re.compile(r"[\[\]:*?/\\']")
# Characters that XML 1.0 cannot have, even escaped, and what Excel takes for an escape of its own (`_x0041_`).
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TOP: Final = '<alignment vertical="top" wrapText="1"/>'
_STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">'
    f"{_TOP}</xf>"
    + "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
        f' applyAlignment="1">{_TOP}</xf>'
        for number in (9, 164, 165)
    )
    + "</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_BOLD, _WRAPPED, _PERCENT, _DATE, _MOMENT = 1, 2, 3, 4, 5  # of `cellXfs`
_DAY_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets count days from here, in no zone
_DAY_S: Final = 86_400


def xlsx_pieces(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """Yield the file. Rows beyond what a sheet can hold are left out."""
    archive = ZipStream()
    names = [_sheet_name(sheet.name, number) for number, sheet in enumerate(sheets, 1)]
    for name, part in _parts(names).items():
        yield from archive.entry(name, [part.encode()])
    for number, sheet in enumerate(sheets, 1):
        yield from archive.entry(f"xl/worksheets/sheet{number}.xml", _sheet(sheet))
    yield from archive.end()


def _parts(names: Sequence[str]) -> dict[str, str]:
    """Everything but the sheets."""
    numbers = range(1, len(names) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    links = "".join(_relationship(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers)
    styles = _relationship(f"rId{len(names) + 1}", "styles", "styles.xml")
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>',
        "_rels/.rels": _relationships(_relationship("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relationships(links + styles),
        "xl/styles.xml": _STYLES,
    }


def _relationships(inner: str) -> str:
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _relationship(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _sheet(sheet: Sheet) -> Iterator[bytes]:
    rows = islice(sheet.rows, MAX_ROWS)
    chunk = list(islice(rows, CHUNK))
    # The head stays in sight; columns are as wide as the first rows are.
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{_columns([sheet.columns, *chunk])}</cols><sheetData>{_row(sheet.columns, _BOLD)}"
    ).encode()
    last = 1
    while chunk:
        last += len(chunk)
        yield "".join(_row(row, _WRAPPED) for row in chunk).encode()
        chunk = list(islice(rows, CHUNK))
    filters = f'<autoFilter ref="A1:{_letters(len(sheet.columns))}{last}"/>' if sheet.is_filtered else ""
    yield f"</sheetData>{filters}</worksheet>".encode()


def _columns(rows: Sequence[Sequence[Value]]) -> str:
    return "".join(
        f'<col min="{number}" max="{number}" width="{_width(values)}" customWidth="1"/>'
        for number, values in enumerate(zip(*rows, strict=True), 1)
    )


def _width(values: Iterable[Value]) -> int:
    """Return the width of a column for these cells; a Chinese character is as wide as two letters."""
    lines = (line[:WIDEST] for value in values if value is not None for line in str(value).split("\n"))
    widest = max((sum(2 if east_asian_width(one) in "WF" else 1 for one in line) for line in lines), default=0)
    return max(NARROWEST, min(WIDEST, widest + _PADDING))


def _letters(number: int) -> str:
    """Return the name of a column: A to Z, AA and so on."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _row(values: Iterable[Value], style: int) -> str:
    return f"<row>{''.join(_cell(value, style) for value in values)}</row>"


def _cell(value: Value, style: int) -> str:
    match value:
        case None | "":
            return "<c/>"
        case datetime():
            seconds = round((value - _DAY_ZERO).total_seconds())
            return f'<c s="{_MOMENT}"><v>{seconds / _DAY_S}</v></c>'
        case date():
            return f'<c s="{_DATE}"><v>{(value - _DAY_ZERO.date()).days}</v></c>'
        case Percentage():
            return f'<c s="{_PERCENT}"><v>{float(value)}</v></c>'
        case int() | float():
            return f'<c s="{style}"><v>{value}</v></c>'
        case str():
            return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>'


def _text(value: str) -> str:
    plain = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value[:MAX_CELL])
    return escape(_ESCAPE.sub("_x005F_", plain), quote=False)


def _sheet_name(name: str, number: int) -> str:
    """Return a name that spreadsheets take, unlike any other's."""
    return f"{number} {_FORBIDDEN_IN_NAME.sub(' ', name)}"[:MAX_NAME]
