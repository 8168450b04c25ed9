"""CSS declarations that hide: from the text of a style to the kind of hiding it means, with no document at hand."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

# Everything that the kinds below look at; all other properties are dropped while reading.
WATCHED: Final = frozenset(
    {
        "display", "visibility", "opacity", "filter", "font-size", "font", "text-indent", "position", "left",
        "right", "top", "bottom", "margin-left", "margin-top", "margin", "transform", "width", "height",
        "max-width", "max-height", "overflow", "overflow-x", "overflow-y", "clip", "clip-path", "color",
        "background", "background-color",
    }
)  # fmt: skip
# Words without which no style can hide anything, or show it again: the cheap pre-filter of sheets and blocks.
MAY_HIDE: Final = re.compile(
    r"none|display|hidden|visib|collapse|opacity|font|indent|left|right|top|bottom|margin|transform|clip|height|width|color",
    re.IGNORECASE,
)
_MAX_VALUE: Final = 1_000  # characters of one value
_FAR: Final = 200.0  # px beyond an edge: more than any drop shadow or carousel peep
_TINY: Final = 1.0  # px
_FAINT: Final = 0.05  # opacity that nobody sees
_EM: Final = 16.0  # px; browsers' initial font size
# Zeros in front are no more digits: a length may be written with any number of them.
_LENGTH: Final = re.compile(
    r"\A([+-]?)(?=\.?\d)0*+(\d{0,20}+(?:\.\d{0,20}+)?)\d*+(px|em|rem|pt|vw|vh|%|cm|in|ch|ex)?\Z"
)
_FACTORS: Final = {
    None: 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "em": _EM,
    "rem": _EM,
    "vw": 12.8,
    "vh": 8.0,
    "%": 12.8,
    "cm": 37.8,
}
_ALPHA: Final = re.compile(r"opacity\s*+[(=:]\s*+(?:opacity\s*+=\s*+)?([\d.]{1,40}+)(%?)")
_OPACITY: Final = re.compile(r"\A([\d.]++)(%?)\Z")
_NUMBER: Final = re.compile(r"\A(?=\.?\d)\d*+\.?\d*+\Z")
_SHIFT: Final = re.compile(
    r"translate(?:x|y|3d)?\(\s*+(-?[\d.]{1,40}[a-z%]{0,5})(?:\s*+,\s*+(-?[\d.]{1,40}[a-z%]{0,5}))?"
)
_SHRUNK: Final = re.compile(r"scale(?:x|y|3d)?\(\s*+(?=\.?0)0*+\.?0*+\s*+[,)]")
_CLIPPED: Final = re.compile(
    r"rect\(\s*(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?[\s,]+(?:0|1)(?:px)?\s*\)"
    r"|inset\(\s*(?:100|[5-9]\d)%\s*\)|(?:circle|ellipse)\(\s*0|polygon\(\s*0(?:px)?\s+0(?:px)?\s*\)"
)
_RGB: Final = re.compile(
    r"rgba?\(\s*+0*+(\d{0,9})[\s,]++0*+(\d{0,9})[\s,]++0*+(\d{0,9})(?:[\s,/]++([\d.]{1,40}%?))?\s*+\)"
)
_HEX: Final = re.compile(r"#([0-9a-f]{3,8})\b")
_NAMES: Final = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "green": (0, 128, 0),
    "yellow": (255, 255, 0),
    "whitesmoke": (245, 245, 245),
    "snow": (255, 250, 250),
}
Colour = tuple[int, int, int]
TRANSPARENT: Final = (-1, -1, -1)


@lru_cache(maxsize=4_096)  # style attributes repeat within a site
def read_style(text: str) -> Mapping[str, tuple[str, bool]]:
    """Watched declarations of a style attribute or a rule's block: property -> (lower case value, important)."""
    found: dict[str, tuple[str, bool]] = {}
    for declaration in text.lower().split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip()
        if colon and name in WATCHED:
            value = value[:_MAX_VALUE]
            plain = value.replace("!important", "").replace("! important", "").strip()
            found[name] = (plain, plain != value.strip())
    return found


def length_px(value: str) -> float | None:
    """A CSS length in pixels, roughly (percent of a 1280 px page); None for `auto`, `calc()` and the like."""
    match = _LENGTH.match(value)
    if match is None:
        return None
    return (-1 if match[1] == "-" else 1) * float(f"0{match[2]}") * _FACTORS.get(match[3], _EM)


def kind_of_box(style: Mapping[str, str]) -> str | None:
    """How a box with these declarations is hidden together with all it holds, or None."""
    if style.get("display") == "none":
        return "display_none"
    if _opacity(style) <= _FAINT:
        return "opacity_zero"
    if _is_clipped(style) or _is_tiny(style):
        return "tiny_box"
    return "off_screen" if _is_off_screen(style) else None


def _opacity(style: Mapping[str, str]) -> float:
    if (value := style.get("opacity")) is not None:
        match = _OPACITY.match(value)
    else:
        match = _ALPHA.search(style.get("filter", ""))
    if match is None or not _NUMBER.match(match[1]):
        return 1.0
    is_percent = match[2] or "alpha" in style.get("filter", "")
    return float(match[1]) / (100.0 if is_percent else 1.0)


def _is_clipped(style: Mapping[str, str]) -> bool:
    return any(_CLIPPED.search(style[name]) for name in ("clip", "clip-path") if name in style)


def _is_tiny(style: Mapping[str, str]) -> bool:
    """No more than a pixel in one direction, with what does not fit cut off; or scaled to nothing."""
    if _SHRUNK.search(style.get("transform", "")):
        return True
    cut_off = any("hidden" in style.get(name, "") or "clip" in style.get(name, "") for name in _OVERFLOWS)
    return cut_off and any(_at_most(style.get(name), _TINY) for name in ("width", "height", "max-width", "max-height"))


_OVERFLOWS: Final = ("overflow", "overflow-x", "overflow-y")


def _at_most(value: str | None, limit: float) -> bool:
    length = length_px(value) if value else None
    return length is not None and 0 <= length <= limit


def _is_off_screen(style: Mapping[str, str]) -> bool:
    placed = style.get("position") in {"absolute", "fixed", "relative"}
    edges = [style.get(name, "") for name in ("left", "right", "top", "bottom")] if placed else []
    margins = [style.get("margin-left", ""), style.get("margin-top", ""), *style.get("margin", "").split()]
    shift = _SHIFT.search(style.get("transform", ""))
    shifts = [part or "" for part in shift.groups()] if shift and "%" not in shift[0] else []
    lengths = [length_px(value) for value in (*edges, *margins, *shifts)]
    return any(length is not None and length <= -_FAR for length in lengths)


def font_size_px(style: Mapping[str, str]) -> float | None:
    """Declared font size in pixels; None when it is not declared or not known."""
    if "font-size" in style:
        return length_px(style["font-size"])
    sizes = [word.partition("/")[0] for word in style.get("font", "").split()]
    return next((size for word in sizes if word[:1].isdigit() and (size := length_px(word)) is not None), None)


def colour_of(value: str) -> Colour | None:
    """The colour in a value, `TRANSPARENT`, or None when it says none that we know."""
    if value == "transparent":
        return TRANSPARENT
    if match := _RGB.search(value):
        alpha = float(match[4].rstrip("%") or 1) if match[4] and match[4].count(".") <= 1 and match[4] != "." else 1.0
        return TRANSPARENT if alpha == 0 else (int(match[1] or 0), int(match[2] or 0), int(match[3] or 0))
    if match := _HEX.search(value):
        return _from_hex(match[1])
    return next((_NAMES[word] for word in value.split() if word in _NAMES), None)


def _from_hex(digits: str) -> Colour | None:
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in {6, 8}:
        return None
    if digits[6:] == "00":
        return TRANSPARENT
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def is_same_colour(first: Colour, second: Colour) -> bool:
    """Whether no eye tells them apart."""
    return max(abs(one - other) for one, other in zip(first, second, strict=True)) <= 8  # noqa: PLR2004 - of 255
