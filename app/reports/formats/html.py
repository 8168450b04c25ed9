"""A document as one self-contained HTML file, without requests, scripts or links.

Strangers wrote much of the text. It is escaped, and set apart (`bdi`) so that its direction stays its own.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final, assert_never

from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import (
    Beside,
    Block,
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    Logo,
    Masthead,
    PageBreak,
    Picture,
    Quote,
    Statement,
    Table,
    Text,
    Tiles,
    Tone,
)

STYLE_FILE: Final = Path(__file__).with_name("report.css")


def html_pieces(blocks: Iterable[Block], *, title: str, texts: MessageCatalog) -> Iterator[bytes]:
    """Yield the file block by block, in the language of its texts."""
    yield _head(title, texts.language).encode()
    for block in blocks:
        yield (_render(block) + "\n").encode("utf-8", "replace")
    yield b"</main></body></html>\n"


def content_security_policy() -> str:
    """Our own style and embedded pictures, and nothing else."""
    return f"default-src 'none'; style-src {style_source()}; img-src data:; base-uri 'none'; form-action 'none'"


def style_source() -> str:
    """Name the style of every report for a content security policy."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _style() -> str:
    return STYLE_FILE.read_text(encoding="utf-8")


def _head(title: str, language: str) -> str:
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(content_security_policy())}">'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head><body><main>\n"
    )


def _render(block: Block) -> str:
    match block:
        case Heading():
            return _heading(block)
        case Masthead():
            return _masthead(block)
        case Statement():
            return f'<p class="statement {block.tone}">{_text(block.text)}</p>'
        case Tiles():
            return _tiles(block)
        case Beside():
            sides = ("".join(map(_render, side)) for side in (block.left, block.right))
            wide = " wide" if block.share > 0.6 else ""  # noqa: PLR2004 - two widths, which the style knows
            return f'<div class="beside{wide}">{"".join(f"<div>{side}</div>" for side in sides)}</div>'
        case Text():
            tone = "" if block.tone is Tone.PLAIN else f' class="{block.tone}"'
            return f"<p{tone}>{_text(block.text)}</p>"
        case Items():
            tag = "ol" if block.numbered else "ul"
            return f"<{tag}>{''.join(f'<li>{_lines(text)}</li>' for text in block.texts)}</{tag}>"
        case Facts():
            return (
                f"<dl>{''.join(f'<dt>{_text(name)}</dt><dd>{_lines(value)}</dd>' for name, value in block.rows)}</dl>"
            )
        case Quote():
            return f'<pre dir="auto">{escape(block.text)}</pre>'
        case Picture():
            return _picture(block)
        case Table():
            return _table(block)
        case PageBreak():
            return '<div class="break"></div>'
        case _:
            assert_never(block)


def _text(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _lines(text: str) -> str:
    """Return a text of several lines, each with its own direction."""
    return "<br>".join(map(_text, text.split("\n")))


def _heading(block: Heading) -> str:
    anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
    badge = f' <span class="risk {block.risk}">{escape(block.badge)}</span>' if block.badge else ""
    kind = f' class="finding {block.risk}-edge"' if block.badge else ""
    return f"<h{block.level}{anchor}{kind}>{_text(block.text)}{badge}</h{block.level}>"


def _masthead(block: Masthead) -> str:
    logo = "" if block.logo is None else _logo(block.logo, block.organisation)
    name = f"<strong>{_text(block.organisation)}</strong>" if block.organisation else ""
    return f'<header>{logo}{name}<span class="when">{_text(block.text)}</span></header>'


def _logo(logo: Logo, name: str) -> str:
    source = f"data:{logo.media_type};base64,{b64encode(logo.data).decode()}"
    return f'<img class="logo" alt="{escape(name)}" width="{logo.width}" height="{logo.height}" src="{source}">'


def _tiles(block: Tiles) -> str:
    tiles = (
        f'<p class="tile {tile.risk or "none"}-edge"><strong>{_text(tile.number)}</strong> {_text(tile.text)}</p>'
        for tile in block.tiles
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _picture(block: Picture) -> str:
    source = b64encode(block.jpeg).decode()
    return (
        f'<figure><img alt="{escape(block.caption)}" width="{block.width}" height="{block.height}"'
        f' src="data:image/jpeg;base64,{source}"><figcaption>{_text(block.caption)}</figcaption></figure>'
    )


def _table(block: Table) -> str:
    whole = sum(column.weight for column in block.columns)
    widths = "".join(f'<col width="{100 * column.weight / whole:.1f}%">' for column in block.columns)
    head = "".join(f'<th scope="col"{_numeric(column)}>{_text(column.title)}</th>' for column in block.columns)
    body = "".join(f"<tr>{_cells(row, block.columns)}</tr>" for row in block.rows)
    table = f"<table><colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table" tabindex="0">{table}</div>'


def _cells(row: Sequence[Cell | str], columns: Sequence[Column]) -> str:
    return "".join(f"<td{_numeric(column)}>{_cell(cell)}</td>" for cell, column in zip(row, columns, strict=True))


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return _lines(cell)
    if cell.risk:
        return f'<span class="risk {cell.risk}">{escape(cell.text)}</span>'
    return f'<a href="#{escape(cell.anchor)}">{_text(cell.text)}</a>' if cell.anchor else _text(cell.text)


def _numeric(column: Column) -> str:
    return ' class="number"' if column.is_number else ' class="small"' if column.is_small else ""
