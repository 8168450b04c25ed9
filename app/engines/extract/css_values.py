"""Values of CSS declarations as numbers: lengths, opacities and colours."""

import re
from functools import lru_cache
from typing import Final

from tinycss2.color4 import Color, parse_color  # type: ignore[import-untyped]  # ships no types

FAINT: Final = 0.05  # opacity that nobody sees
EM_PX: Final = 16.0  # browsers' initial font size
# Zeros in front are no more digits: a length may be written with any number of them.
_LENGTH: Final = re.compile(
    r"\A([+-]?)(?=\.?\d)0*+(\d{0,20}+(?:\.\d{0,20}+)?)\d*+(px|em|rem|pt|vw|vh|%|cm|in|ch|ex)?\Z"
)
_FACTORS: Final = {
    None: 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "em": EM_PX,
    "rem": EM_PX,
    "vw": 12.8,
    "vh": 8.0,
    "%": 12.8,
    "cm": 37.8,
    "in": 96.0,
}
_ALPHA: Final = re.compile(r"opacity\s*+[(=:]\s*+(?:opacity\s*+=\s*+)?([\d.]{1,40}+)(%?)")
_OPACITY: Final = re.compile(r"\A([\d.]++)(%?)\Z")
_NUMBER: Final = re.compile(r"\A(?=\.?\d)\d*+\.?\d*+\Z")
_RGB: Final = re.compile(
    r"rgba?\(\s*+0*+(\d{0,9})[\s,]++0*+(\d{0,9})[\s,]++0*+(\d{0,9})(?:[\s,/]++([\d.]{1,40}%?))?\s*+\)"
)
_OTHERS: Final = re.compile(r"(?:hsl|rgb)a?\([\d\s.,/%a-z]{1,80}\)")  # with percentages, for example
_PARTS: Final = re.compile(r"(?:rgb|hsl)a?\(([^()]{0,80}+)\)")
_OPAQUE: Final = frozenset({"1", "1.0", "100%"})
_HEX: Final = re.compile(r"#([0-9a-f]{3,8})\b")
_NAME: Final = re.compile(r"\A[a-z]{3,22}\Z")
_MAX_WORDS: Final = 12  # of a background, one of which may be a colour's name
_DISTANCE: Final = 8  # of 255, that no eye tells apart
Colour = tuple[int, int, int]
TRANSPARENT: Final = (-1, -1, -1)
WHITE: Final = (255, 255, 255)


def length_px(value: str) -> float | None:
    """Convert a CSS length to pixels, roughly (percent of a 1280 px page); None for `auto` and the like. Of `calc()`
    sums of lengths are worked out.
    """
    match = _LENGTH.match(value)
    if match is None:
        return _sum_px(value[5:-1]) if value.startswith("calc(") and value.endswith(")") else None
    return (-1 if match[1] == "-" else 1) * float(f"0{match[2]}") * _FACTORS.get(match[3], EM_PX)


def _sum_px(value: str) -> float | None:
    words = value.split()[:_MAX_WORDS]
    if not words[1:] or not len(words) % 2 or any(sign not in {"+", "-"} for sign in words[1::2]):
        return None
    lengths = [length_px(word) for word in words[::2]]
    if any(length is None for length in lengths):
        return None
    signs = [1, *(-1 if sign == "-" else 1 for sign in words[1::2])]
    return sum(sign * (length or 0) for sign, length in zip(signs, lengths, strict=True))


def font_size_px(value: str) -> float | None:
    """Convert a font size to pixels, of which a percentage is one of the size around it, taken to be the initial one;
    None for words.
    """
    length = length_px(value)
    return length * EM_PX / 100 / _FACTORS["%"] if length is not None and value.endswith("%") else length


def opacity_of(opacity: str | None, filters: str = "") -> float:
    """Return the opacity from 0 to 1 that the two properties give together; 1 for what says nothing."""
    found = 1.0
    if opacity is not None and (match := _OPACITY.match(opacity)) is not None and _NUMBER.match(match[1]):
        found = float(match[1]) / (100.0 if match[2] else 1.0)
    if (match := _ALPHA.search(filters)) is not None and _NUMBER.match(match[1]):
        found *= float(match[1]) / (100.0 if match[2] or "alpha" in filters else 1.0)
    return min(found, 1.0)


@lru_cache(maxsize=4_096)  # the colours of a site are few
def colour_of(value: str) -> Colour | None:
    """Return the colour in a value, `TRANSPARENT`, or None when it has none that we know."""
    if value == "transparent":
        return TRANSPARENT
    if match := _RGB.search(value):
        alpha = float(match[4].rstrip("%") or 1) if match[4] and match[4].count(".") <= 1 and match[4] != "." else 1.0
        return TRANSPARENT if alpha == 0 else (int(match[1] or 0), int(match[2] or 0), int(match[3] or 0))
    if match := _HEX.search(value):
        return _from_hex(match[1])
    if match := _OTHERS.search(value):
        return _plain(parse_color(match[0]))
    words = [word for word in value.split()[:_MAX_WORDS] if _NAME.match(word) and word != "currentcolor"]
    return next((colour for word in words if (colour := _plain(parse_color(word))) is not None), None)


def is_translucent(value: str) -> bool:
    """Whether what lies behind shows through the colour."""
    if match := _HEX.search(value):
        digits = match[1]
        return len(digits) in {4, 8} and digits[len(digits) // 4 * 3 :].strip("f") != ""
    if (match := _PARTS.search(value)) is None:
        return False
    if "/" in match[1]:
        return match[1].rpartition("/")[2].strip() not in _OPAQUE
    return match[1].count(",") == 3 and match[1].rpartition(",")[2].strip() not in _OPAQUE  # noqa: PLR2004 - of four parts


@lru_cache(maxsize=4_096)
def text_colour_of(value: str) -> Colour | None:
    """Return the colour of a text: `TRANSPARENT` also for one that shows next to nothing."""
    if is_translucent(value):
        parsed = parse_color(value)
        if isinstance(parsed, Color) and parsed.alpha <= FAINT:
            return TRANSPARENT
    return colour_of(value)


def _plain(colour: Color | None) -> Colour | None:
    if colour is None:
        return None
    if colour.alpha == 0:
        return TRANSPARENT
    red, green, blue = (round(255 * part) for part in colour.to("srgb").coordinates)
    return red, green, blue


def _from_hex(digits: str) -> Colour | None:
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in {6, 8}:
        return None
    if digits[6:] == "00":
        return TRANSPARENT
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def is_same_colour(first: Colour, second: Colour) -> bool:
    """Whether the two are too close to be told apart."""
    return max(abs(one - other) for one, other in zip(first, second, strict=True)) <= _DISTANCE
