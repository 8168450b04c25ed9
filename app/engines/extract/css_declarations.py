"""CSS declarations as far as they bear on what is seen: shorthands taken apart, escapes undone, no document at hand."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from app.engines.extract.css_values import TRANSPARENT, colour_of, is_translucent, length_px

# All that is looked at; other properties are dropped while reading. Shorthands are kept as what they stand for.
WATCHED: Final = frozenset(
    {
        "display", "visibility", "content-visibility", "opacity", "filter", "font-size", "text-indent", "position",
        "left", "right", "top", "bottom", "z-index", "margin-left", "margin-top", "transform", "translate", "scale",
        "rotate", "width", "height", "max-width", "max-height", "min-width", "min-height", "padding-top",
        "padding-right", "padding-bottom", "padding-left", "overflow-x", "overflow-y", "clip", "clip-path", "color",
        "-webkit-text-fill-color", "background-color", "background-image", "background-clip", "text-shadow",
    }
)  # fmt: skip
# Words without which no style can hide anything, or show it again: the cheap pre-filter of sheets and blocks.
MAY_HIDE: Final = re.compile(
    r"none|display|hidden|visib|collapse|opacity|font|indent|left|right|top|bottom|inset|margin|transform|translate"
    r"|scale|rotate|clip|height|width|color|background|\\",
    re.IGNORECASE,
)
UNKNOWN: Final = "unknown"  # a colour in a way of writing that nobody here reads, or half of one
Style = Mapping[str, tuple[str, bool]]  # property -> (lower case value, important)
_MAX_VALUE: Final = 300  # characters of one value
_MAX_VARIABLES: Final = 200  # of one block
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|([^\n0-9a-f]))", re.IGNORECASE)
_IMPORTANT: Final = re.compile(r"!\s*+important\b")
_WORDS: Final = re.compile(r"[^\s()]++(?:\([^()]*+\))?+")
_SAME: Final = {
    "-webkit-transform": "transform",
    "-ms-transform": "transform",
    "-webkit-clip-path": "clip-path",
    "-webkit-background-clip": "background-clip",
}
_SIDES: Final = ("top", "right", "bottom", "left")
_DISPLAYS: Final = re.compile(
    r"\A(?:none|contents|inline|block|flow|flex|grid|table|list-item|ruby|run-in|math|inherit|initial|unset|revert"
    r"|-webkit-|-moz-|-ms-|var\()"
)
# Words that stand where a length may stand. What else is no length is no declaration: a browser drops it.
_NO_LENGTH: Final = re.compile(
    r"\A(?:auto|none|normal|inherit|initial|unset|revert|calc\(|min\(|max\(|clamp\(|var\(|fit-|min-|max-|-webkit-|-moz-"
    r"|larger|smaller|x+-|small|medium|large|env\(|stretch|[+-]?\.?\d)"
)
_LENGTHS: Final = frozenset(
    {"font-size", "text-indent", "left", "right", "top", "bottom", "width", "height", "max-width", "max-height",
     "min-width", "min-height", "margin-left", "margin-top"}
)  # fmt: skip


@lru_cache(maxsize=4_096)  # style attributes repeat within a site
def read_style(text: str) -> Style:
    """Read the watched declarations of a style attribute or a block, in which the later and the important one wins."""
    found: dict[str, tuple[str, bool]] = {}
    for name, value, important in _declarations(text):
        if name in WATCHED and _is_valid(name, value) and (important or not found.get(name, ("", False))[1]):
            found[name] = (value, important)
    return found


def read_variables(text: str) -> dict[str, str]:
    """Read the custom properties of a block: `--name` -> value."""
    if "--" not in text:
        return {}
    found: dict[str, str] = {}
    for declaration in _plain(text).split(";"):
        name, colon, value = declaration.partition(":")
        if colon and (name := name.strip()).startswith("--") and len(found) < _MAX_VARIABLES:
            found[name] = value[:_MAX_VALUE].strip()
    return found


def _plain(text: str) -> str:
    if "/*" in text:
        text = _COMMENT.sub(" ", text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return text.lower()


def _unescaped(match: re.Match[str]) -> str:
    if not match[1]:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x11_0000 and not 0xD800 <= code < 0xE000 else "\N{REPLACEMENT CHARACTER}"  # noqa: PLR2004 - no characters


def _declarations(text: str) -> Iterator[tuple[str, str, bool]]:
    for declaration in _plain(text).split(";"):
        name, colon, value = declaration.partition(":")
        if not colon:
            continue
        name = name.strip()
        name, value = _SAME.get(name, name), value[:_MAX_VALUE]
        plain = _IMPORTANT.sub("", value).strip()
        important = len(plain) < len(value.strip())
        if name in WATCHED:
            yield name, plain, important
        elif (expand := _SHORTHANDS.get(name)) is not None:
            for part, of_part in expand(plain):
                yield part, of_part, important


def _is_valid(name: str, value: str) -> bool:
    if name == "display":
        return _DISPLAYS.match(value) is not None
    if name in _LENGTHS:
        return _NO_LENGTH.match(value) is not None
    return bool(value)


def _box(prefix: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the four sides of `margin`, `padding` and `inset`."""
    words = _WORDS.findall(value)[:4]
    if words:
        top, right = words[0], words[1 % len(words)]
        bottom, left = (words[2] if len(words) > 2 else top), (words[3] if len(words) > 3 else right)  # noqa: PLR2004
        yield from zip((f"{prefix}{side}" for side in _SIDES), (top, right, bottom, left), strict=True)


def _background(value: str) -> Iterator[tuple[str, str]]:
    has_picture = "url(" in value or "gradient" in value or "image" in value
    yield "background-image", "url()" if has_picture else "none"
    colour = colour_of(value)
    if "var(" in value or value in {"inherit", "initial", "unset"}:
        yield "background-color", value
    elif colour == TRANSPARENT or (colour is None and ("(" not in value or has_picture)):
        yield "background-color", "transparent"
    elif colour is None or is_translucent(value):
        yield "background-color", UNKNOWN
    else:
        yield "background-color", f"rgb({colour[0]},{colour[1]},{colour[2]})"


def _font(value: str) -> Iterator[tuple[str, str]]:
    sizes = [word.partition("/")[0] for word in value.split()]
    size = next((word for word in sizes[:-1] if word[:1] in "0123456789." and _is_size(word)), None)
    if size is not None:
        yield "font-size", size


def _is_size(word: str) -> bool:
    """Whether the word is a length and no weight."""
    return length_px(word) is not None and (not word.isdigit() or word.strip("0") == "")


def _overflow(value: str) -> Iterator[tuple[str, str]]:
    words = value.split()[:2]
    if words:
        yield "overflow-x", words[0]
        yield "overflow-y", words[-1]


_SHORTHANDS: Final = {
    "margin": lambda value: _box("margin-", value),
    "padding": lambda value: _box("padding-", value),
    "inset": lambda value: _box("", value),
    "background": _background,
    "font": _font,
    "overflow": _overflow,
}
