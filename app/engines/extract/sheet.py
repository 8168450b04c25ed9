"""Rules of a style sheet that bear on hiding: their selectors, weights and watched declarations."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import tinycss2  # type: ignore[import-untyped]  # ships no types

from app.engines.extract.declarations import MAY_HIDE, WATCHED, read_style
from app.engines.extract.tame import tame_css

_MAX_SHEET: Final = 300_000  # characters that are read; tinycss2 needs 0.15 s for these, once per sheet
_MAX_RULES: Final = 4_000  # of one sheet
_SCREEN_WIDTH: Final = 1_280  # px, as the captures
# A rule for a state or a part says nothing about the element at rest; lexbor refuses some of these.
_DYNAMIC: Final = re.compile(
    r"::|:(?:hover|focus|active|visited|target|checked|before|after|first-l|placeholder|selection|disabled|enabled"
    r"|invalid|valid|open|fullscreen|-)",
    re.IGNORECASE,
)
_OTHER_MEDIA: Final = re.compile(r"\A(?:only\s++)?(?:print|speech|handheld|tv|braille)\b")
_WIDTH: Final = re.compile(r"\(\s*+(min|max)-(?:device-)?width\s*+:\s*+([\d.]{1,20})(px|em|rem)?\s*+\)")
_ID: Final = re.compile(r"#[\w\-]+")
_CLASS: Final = re.compile(r"\.[\w\-]+|\[[^\[\]]{0,200}\]|:(?!:)(?!not|is|where|has)[\w\-]+")
_TYPE: Final = re.compile(r"(?:^|[\s>+~(])[a-zA-Z][\w\-]*")
Specificity = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SheetRule:
    """One selector with what it declares."""

    selector: str
    specificity: Specificity
    style: Mapping[str, tuple[str, bool]]  # property -> (value, important)


def read_sheet(text: str) -> Sequence[SheetRule]:
    """Rules with watched declarations, in order. Media queries are judged for a screen of 1280 px. Never raises."""
    return _read(text[:_MAX_SHEET]) if MAY_HIDE.search(text) else ()


@lru_cache(maxsize=128)  # the same few sheets and blocks on all pages of a site
def _read(text: str) -> Sequence[SheetRule]:
    rules: list[SheetRule] = []
    for rule in _walk(tinycss2.parse_stylesheet(tame_css(text), skip_comments=True, skip_whitespace=True), depth=0):
        rules.append(rule)
        if len(rules) >= _MAX_RULES:
            break
    return tuple(rules)


def _walk(nodes: Sequence[Any], *, depth: int) -> Iterator[SheetRule]:
    for node in nodes:
        if node.type == "qualified-rule":
            yield from _split(tinycss2.serialize(node.prelude), tinycss2.serialize(node.content))
        elif node.type == "at-rule" and node.content and depth < 4 and _applies(node):  # noqa: PLR2004 - as CSS nests
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _walk(inner, depth=depth + 1)


def _applies(node: Any) -> bool:
    if node.lower_at_keyword in {"supports", "layer"}:
        return True
    return node.lower_at_keyword == "media" and media_applies(tinycss2.serialize(node.prelude))


def media_applies(query: str) -> bool:
    """Whether a media query means a screen that is 1280 px wide; features other than the width are taken as given."""
    return not query.strip() or any(_one_applies(part.strip().lower()) for part in query.split(","))


def _one_applies(part: str) -> bool:
    if _OTHER_MEDIA.match(part) or part.startswith("not "):
        return False
    return all(_width_fits(bound, float(number) * (1 if unit == "px" else 16)) for bound, number, unit in _widths(part))


def _widths(part: str) -> list[tuple[str, str, str]]:
    return [found for found in _WIDTH.findall(part) if found[1].count(".") <= 1 and found[1] != "."]


def _width_fits(bound: str, width: float) -> bool:
    return width <= _SCREEN_WIDTH if bound == "min" else width >= _SCREEN_WIDTH


def _split(prelude: str, block: str) -> Iterator[SheetRule]:
    style = read_style(block)
    if not style or not WATCHED.intersection(style):
        return
    for selector in split_selectors(prelude):
        if selector and not _DYNAMIC.search(selector):
            yield SheetRule(selector, specificity(selector), style)


def split_selectors(prelude: str) -> list[str]:
    """The selectors of a list; commas inside parentheses do not part them."""
    if "(" not in prelude:
        return [selector.strip() for selector in prelude.split(",")]
    selectors, depth, start = [], 0, 0
    for index, character in enumerate(prelude):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            selectors.append(prelude[start:index].strip())
            start = index + 1
    return [*selectors, prelude[start:].strip()]


def specificity(selector: str) -> Specificity:
    """Weight of a selector: ids; classes, attributes and pseudo-classes; element names."""
    return len(_ID.findall(selector)), len(_CLASS.findall(selector)), len(_TYPE.findall(selector))
