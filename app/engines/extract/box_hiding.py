"""Invisible boxes: from the declarations of one element to the kind of hiding of all its content.

Kinds: display_none, content_hidden, opacity_zero, cut_away (clipped or scaled to nothing), tiny_box (a pixel),
off_screen and marquee.
"""

import re
from collections.abc import Mapping
from typing import Final

from app.engines.extract.css_values import FAINT, length_px, opacity_of

_FAR: Final = 200.0  # px beyond an edge: more than any drop shadow or carousel peep
# px that layouts do not reach: columns are pulled by their width, banners by half of it, sliders by their pictures.
_VERY_FAR: Final = 1_500.0
_TINY: Final = 1.0  # px
_PADDED: Final = 2.0  # px of padding, in which a box of no height shows something: films are framed like that
_TINY_MARQUEE: Final = 5.0  # px
_FRAMES: Final = frozenset({"iframe", "embed", "object"})
_NUMBER: Final = r"(-?[\d.]{1,40}[a-z%]{0,5})"
_SHIFT: Final = re.compile(rf"translate(?:x|y|3d)?\(\s*+{_NUMBER}(?:\s*+,\s*+{_NUMBER})?")
_SHRUNK: Final = re.compile(
    r"scale(?:x|y|3d)?\(\s*+(?=\.?0)0*+\.?0*+\s*+[,)]|scale(?:3d)?\([^,()]{1,40}+,\s*+(?=\.?0)0*+\.?0*+\s*+[,)]"
    r"|rotate[xy]\(\s*+-?(?:90|270)(?:\.0*+)?deg\s*+\)|matrix\(\s*+0\s*+,\s*+0\s*+,\s*+0\s*+,\s*+0\b"
)
_SCALE: Final = re.compile(r"\A(?:\S++\s++)?0*+\.?0*+%?(?:\s|\Z)")
_TURNED: Final = re.compile(r"\A[xy]\s++-?(?:90|270)deg\Z")
_ZERO: Final = r"(?:0|1)(?:px|%)?"
_CLIP: Final = re.compile(rf"rect\(\s*+{_ZERO}(?:[\s,]++{_ZERO}){{3}}\s*+\)")
_CLIP_PATH: Final = re.compile(
    r"inset\(\s*+(?:100|[5-9]\d)%(?:\s++(?:100|[5-9]\d)%){0,3}\s*+(?:round[^()]{0,40}+)?\)|(?:circle|ellipse)\(\s*+0(?![.\d])"
    r"|polygon\(\s*+(0(?:px|%)?\s++0(?:px|%)?)(?:\s*+,\s*+\1)*+\s*+\)"
)
_POSITIONED: Final = frozenset({"absolute", "fixed", "relative", "sticky"})
Declared = Mapping[str, str]


def kind_of_box(style: Declared, tag: str = "") -> str | None:
    """Say how a box with these declarations is hidden with what it holds; None when it is not."""
    return kind_for_all(style, tag) or kind_in_flow(style)


def kind_for_all(style: Declared, tag: str = "") -> str | None:
    """Say how the box hides all it holds, wherever that is placed."""
    if style.get("display") == "none":
        return "display_none"
    if style.get("content-visibility") == "hidden":
        return "content_hidden"
    if opacity(style) <= FAINT:
        return "opacity_zero"
    if tag == "marquee" and any(_at_most(style.get(name), _TINY_MARQUEE) for name in ("width", "height")):
        return "marquee"
    if _is_clipped(style) or _is_shrunk(style):
        return "cut_away"
    return "tiny_box" if tag in _FRAMES and _is_pixel(style) else None


def kind_in_flow(style: Declared) -> str | None:
    """Say how the box hides what stays in it: what is placed elsewhere is seen."""
    if _is_cut_off(style):
        return "tiny_box"
    return "off_screen" if _is_off_screen(style) else None


def opacity(style: Declared) -> float:
    return opacity_of(style.get("opacity"), style.get("filter", ""))


def is_positioned(style: Declared) -> bool:
    """Whether absolutely placed descendants are placed by this box."""
    return style.get("position") in _POSITIONED or style.get("transform", "none") != "none"


def is_pixel(style: Declared) -> bool:
    """Whether a picture or a frame is declared to be a pixel, or less."""
    return _is_pixel(style)


def _is_pixel(style: Declared) -> bool:
    return any(_at_most(style.get(name), _TINY) for name in ("width", "height"))


def _is_clipped(style: Declared) -> bool:
    if style.get("position") in {"absolute", "fixed"} and _CLIP.search(style.get("clip", "")):
        return True
    return _CLIP_PATH.search(style.get("clip-path", "")) is not None


def _is_shrunk(style: Declared) -> bool:
    if _SHRUNK.search(style.get("transform", "")) or _TURNED.match(style.get("rotate", "")):
        return True
    scale = style.get("scale", "")
    return bool(scale) and scale[0] in "0123456789." and _SCALE.match(scale) is not None


def _is_cut_off(style: Declared) -> bool:
    """Whether the box has no more than a pixel in one direction, the rest cut off."""
    if not any(style.get(name) in {"hidden", "clip", "scroll", "auto"} for name in ("overflow-x", "overflow-y")):
        return False
    return _has_none(style, "height", "top", "bottom") or _has_none(style, "width", "left", "right")


def _has_none(style: Declared, size: str, first: str, second: str) -> bool:
    if not _at_most(style.get(size), _TINY) and not _at_most(style.get(f"max-{size}"), _TINY):
        return False
    if style.get(f"min-{size}", "0") != "0" and not _at_most(style.get(f"min-{size}"), _TINY):
        return False
    paddings = [style.get(f"padding-{side}", "0") for side in (first, second)]
    return all(_at_most(padding, _PADDED) for padding in paddings)


def _at_most(value: str | None, limit: float) -> bool:
    length = length_px(value) if value else None
    return length is not None and 0 <= length <= limit


def _is_off_screen(style: Declared) -> bool:
    return _is_placed_outside(style) or _is_moved_away(style)


def _is_placed_outside(style: Declared) -> bool:
    position = style.get("position")
    if position not in {"absolute", "fixed", "relative"}:
        return False
    far = _VERY_FAR if position == "relative" else _FAR
    return any(_reaches(style, edge, size, far) for edge, size in _EDGES)


_EDGES: Final = (("left", "width"), ("right", "width"), ("top", "height"), ("bottom", "height"))


def _reaches(style: Declared, edge: str, size: str, far: float) -> bool:
    """Whether the box lies beyond the edge as a whole, as far as its size is known."""
    distance = length_px(style.get(edge, ""))
    if distance is None or distance > -far:
        return False
    extent = length_px(style.get(size, "0"))
    return extent is None or distance + extent <= 0


def _is_moved_away(style: Declared) -> bool:
    margins = [length_px(style.get(name, "")) for name in ("margin-left", "margin-top")]
    if any(margin is not None and margin <= -_VERY_FAR for margin in margins):
        return True
    return any(shift <= -_VERY_FAR for shift in _shifts(style))


def _shifts(style: Declared) -> tuple[float, float]:
    """Return how far the box is moved to the right and down; what is relative to its own size does not count."""
    right = down = 0.0
    for match in _SHIFT.finditer(style.get("transform", "")):
        first, second = (_pixels(part) for part in match.groups())
        if match[0].startswith("translatey"):
            first, second = 0.0, first
        right, down = right + first, down + second
    words = style.get("translate", "").split()
    parts = [_pixels(word) for word in words[:2]]
    return right + (parts[0] if parts else 0.0), down + (parts[1] if len(parts) > 1 else 0.0)


def _pixels(value: str | None) -> float:
    length = length_px(value) if value and not value.endswith("%") else None
    return length or 0.0
