"""Elements that cover another one: its siblings and those of its ancestors that are opaque and placed over it.

Only positions that are declared in pixels are compared, so little is found and hardly anything wrongly.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.box_hiding import kind_of_box, opacity
from app.engines.extract.css_values import TRANSPARENT, colour_of, is_translucent, length_px

_MAX_SIBLINGS: Final = 30
_LINE: Final = 10.0  # px of a line that have to be under the cover
_PLACED: Final = frozenset({"absolute", "fixed"})
_OPAQUE: Final = 0.9
StyleOf = Callable[[LexborNode], Mapping[str, str]]


def is_covered(node: LexborNode, style: Mapping[str, str], style_of: StyleOf) -> bool:
    """Whether a sibling covers the element, which has this style."""
    if style.get("position") not in _PLACED or (level := _level(style)) is None:
        return False
    left, top = _edge(style, "left"), _edge(style, "top")
    if left is None or top is None:
        return False
    first = True  # whether no sibling stands in the flow before
    for sibling in _siblings(node):
        other = style_of(sibling)
        if other.get("position") in _PLACED:
            above = _level(other)
            if above is not None and above > level and _covers(other, left, top):
                return True
        elif first:
            if level < 0 and _covers(other, left, top):
                return True
            first = False
    return False


def _siblings(node: LexborNode) -> Iterator[LexborNode]:
    if node.parent is None:
        return
    elements = (item for item in node.parent.iter() if item.tag != "-comment" and item.mem_id != node.mem_id)
    yield from islice(elements, _MAX_SIBLINGS)


def _level(style: Mapping[str, str]) -> int | None:
    value = style.get("z-index", "")
    digits = value.removeprefix("-")
    return int(value) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None  # noqa: PLR2004 - 32 bits


def _edge(style: Mapping[str, str], name: str) -> float | None:
    value = style.get(name, "")
    return None if value.endswith("%") else length_px(value)


def _covers(style: Mapping[str, str], left: float, top: float) -> bool:
    if not _is_opaque(style):
        return False
    own_left, own_top = (_edge(style, name) if name in style else 0.0 for name in ("left", "top"))
    width, height = length_px(style.get("width", "")), _edge(style, "height")
    if own_left is None or own_top is None or width is None or height is None:
        return False
    return own_left <= left < own_left + width and own_top <= top and top + _LINE < own_top + height


def _is_opaque(style: Mapping[str, str]) -> bool:
    if kind_of_box(style) is not None or style.get("visibility") == "hidden" or opacity(style) < _OPAQUE:
        return False
    value = style.get("background-color", "")
    return colour_of(value) not in {None, TRANSPARENT} and not is_translucent(value)
