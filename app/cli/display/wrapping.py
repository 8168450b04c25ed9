"""Lines of a given width for texts in which wide characters count two columns, and addresses are never broken."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

# Chinese text has no spaces: a line may end at any wide character, but not before these marks, nor after those.
CLOSING: Final = frozenset("、。，．；：！？…）】》」』〉”’,.;:!?)]}%")
OPENING: Final = frozenset("（【《「『〈“‘([{")
_ATOM: Final = re.compile(r"\s+|https?://[^\s，。；、：（）“”《》]+|\S+")


def wrap(text: str, width: int) -> list[str]:
    """Break the text into lines of at most `width` columns; what cannot be broken, such as an address, stays whole."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def wrap_list(items: Iterable[str], separator: str, width: int) -> list[str]:
    """Write the items in lines of at most `width` columns; an item is broken only when it does not fit by itself."""
    lines: list[str] = []
    for item in items:
        if lines and cell_len(lines[-1] + separator + item) <= width:
            lines[-1] += separator + item
        else:
            lines += wrap(item, width)
    return lines


def shorten(text: str, width: int) -> str:
    """Return the text on one line, cut to so many columns."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    kept = ""
    for char in text:
        if cell_len(kept + char) > width - 1:
            break
        kept += char
    return f"{kept.rstrip()}…"


def pad(text: str, width: int) -> str:
    """Return the text with spaces up to so many columns."""
    return text + " " * max(0, width - cell_len(text))


def _pieces(text: str) -> Iterator[str]:
    """Yield what must stay together, each with the spaces behind it."""
    held = ""
    for atom in _ATOM.findall(text):
        for piece in _unbreakable(atom):
            if held and (piece.isspace() or not _may_break(held, piece)):
                held += piece
            else:
                if held:
                    yield held
                held = piece
    if held:
        yield held


def _unbreakable(atom: str) -> Iterator[str]:
    """Yield the parts of a word between which a line may end: the word itself, or its wide characters."""
    if atom.isascii() or atom.startswith(("http:", "https:")):
        yield atom
        return
    piece = atom[0]
    for before, char in pairwise(atom):
        if cell_len(before) > 1 or cell_len(char) > 1:
            yield piece
            piece = char
        else:
            piece += char
    yield piece


def _may_break(before: str, piece: str) -> bool:
    if before[-1].isspace():
        return True
    return before[-1] not in OPENING and piece[0] not in CLOSING
