"""Rules of a style sheet that bear on hiding: their selectors, weights and watched declarations."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tinycss2  # type: ignore[import-untyped]  # ships no types

from app.engines.extract.css_declarations import MAY_HIDE, Style, read_style, read_variables
from app.engines.extract.css_depth import limit_css_depth
from app.engines.extract.selector_cost import MAX_LENGTH

MAX_SHEET: Final = 1_000_000  # characters that are read; tinycss2 needs 0.5 s for these, once per sheet
MAX_RULES: Final = 6_000  # of one sheet
_MAX_IMPORTS: Final = 20
_MAX_VARIABLES: Final = 1_000
_MAX_NESTING: Final = 4  # at-rules and rules in each other
_MAX_SELECTOR: Final = 500  # characters of a nested one with those around it
_SCREEN_WIDTH: Final = 1_280  # px, as the captures
# A rule for a state or a part says nothing about the element at rest; lexbor refuses some of these.
_DYNAMIC: Final = re.compile(
    r"::|(?<!\\):(?:hover|focus|active|visited|target|before|after|first-l|placeholder|selection|disabled"
    r"|enabled|invalid|valid|open|fullscreen|-)",
    re.IGNORECASE,
)
# States that an element at rest is not in: not to be in them says nothing.
_NOT_DYNAMIC: Final = re.compile(
    r":not\(\s*+:(?:hover|focus|focus-within|focus-visible|active|visited|target)\s*+\)", re.IGNORECASE
)
_CHECKED: Final = re.compile(r"(?<!\\):checked\b", re.IGNORECASE)
_OTHER_MEDIA: Final = re.compile(r"\A(?:only\s++)?(?:print|speech|handheld|tv|braille|projection|aural)\b")
_OTHER_TASTE: Final = re.compile(
    r"prefers-color-scheme\s*+:\s*+dark|prefers-reduced-motion\s*+:\s*+reduce|forced-colors\s*+:\s*+active|hover\s*+:\s*+none"
    r"|orientation\s*+:\s*+portrait|pointer\s*+:\s*+coarse"
)
_WIDTH: Final = re.compile(r"\(\s*+(min|max)-(?:device-)?width\s*+:\s*+([\d.]{1,20})(px|em|rem)?\s*+\)")
_ID: Final = re.compile(r"#[\w\-]+")
_CLASS: Final = re.compile(r"\.[\w\-]+|\[[^\[\]]{0,200}\]|:(?!:)(?!not|is|where|has)[\w\-]+")
_TYPE: Final = re.compile(r"(?:^|[\s>+~(])[a-zA-Z][\w\-]*")
_WHERE: Final = re.compile(r":where\([^()]{0,500}+\)")
_ROOTS: Final = frozenset({":root", "html", "body", "*", ":host"})
Specificity = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CssRule:
    """One selector with what it declares."""

    selector: str
    specificity: Specificity
    style: Style
    layered: bool = False  # of a layer: weaker than all that is in none


@dataclass(slots=True)
class CssText:
    """What was read of one sheet."""

    rules: list[CssRule] = field(default_factory=list)  # in order
    imports: list[str] = field(default_factory=list)  # as written, of those that apply to a screen
    variables: dict[str, str] = field(default_factory=dict)  # custom properties of the whole page


def read_sheet(text: str) -> CssText:
    """Read the rules with watched declarations. Media queries are judged for a 1280 px screen. Never raises."""
    found = CssText()
    if not MAY_HIDE.search(text) and "@import" not in text:
        return found
    nodes = tinycss2.parse_stylesheet(limit_css_depth(text[:MAX_SHEET]), skip_comments=True, skip_whitespace=True)
    found.imports += _imports(nodes)
    for rule in _walk(nodes, _Place(), found.variables):
        found.rules.append(rule)
        if len(found.rules) >= MAX_RULES:
            break
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where rules stand."""

    around: str = ""  # selector of the rule that they are nested in
    layered: bool = False
    depth: int = 0


def _imports(nodes: Sequence[Any]) -> Iterator[str]:
    for node in [node for node in nodes if node.type == "at-rule" and node.lower_at_keyword == "import"][:_MAX_IMPORTS]:
        tokens = [token for token in node.prelude if token.type != "whitespace"]
        if not tokens:
            continue
        first, query = tokens[0], tinycss2.serialize(tokens[1:])
        if first.type == "function":
            first = next((token for token in first.arguments if token.type == "string"), first)
        if first.type in {"url", "string"} and media_applies(query):
            yield first.value


def _walk(nodes: Sequence[Any], place: _Place, variables: dict[str, str]) -> Iterator[CssRule]:
    for node in nodes:
        if node.type == "qualified-rule":
            yield from _rules(tinycss2.serialize(node.prelude).strip(), node.content, place, variables)
        elif node.type == "at-rule" and node.content and place.depth < _MAX_NESTING and _applies(node):
            inner = _Place(place.around, place.layered or node.lower_at_keyword == "layer", place.depth + 1)
            yield from _inside(node.content, inner, variables)


def _rules(prelude: str, content: Sequence[Any], place: _Place, variables: dict[str, str]) -> Iterator[CssRule]:
    if place.around:
        prelude = _nested(prelude, place.around)
    nests = any(token.type == "{} block" for token in content)
    if nests and place.depth < _MAX_NESTING and len(prelude) <= _MAX_SELECTOR:
        yield from _inside(content, _Place(prelude, place.layered, place.depth + 1), variables)
    else:
        yield from _split(prelude, tinycss2.serialize(content), variables, layered=place.layered)


def _inside(content: Sequence[Any], place: _Place, variables: dict[str, str]) -> Iterator[CssRule]:
    """Yield the rules of a block, its own declarations among them."""
    nodes = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    if place.around:
        own = ";".join(node.serialize() for node in nodes if node.type == "declaration")
        yield from _split(place.around, own, variables, layered=place.layered)
    yield from _walk([node for node in nodes if node.type in {"qualified-rule", "at-rule"}], place, variables)


def _nested(prelude: str, around: str) -> str:
    """Write a nested selector out: `&` is what stands around it."""
    parent = f":is({around})" if "," in around else around
    whole = (
        part.replace("&", parent) if "&" in part else f"{parent} {part.lstrip()}" for part in split_selectors(prelude)
    )
    return ", ".join(part[: 2 * _MAX_SELECTOR] for part in whole)


def _applies(node: Any) -> bool:
    if node.lower_at_keyword in {"supports", "layer"}:
        return True
    return node.lower_at_keyword == "media" and media_applies(tinycss2.serialize(node.prelude))


def media_applies(query: str) -> bool:
    """Whether a media query means a screen that is 1280 px wide, lying, and a visitor without special wishes; other
    features are taken as given.
    """
    return not query.strip() or any(_one_applies(part.strip().lower()) for part in query.split(","))


def _one_applies(part: str) -> bool:
    if _OTHER_MEDIA.match(part) or part.startswith("not ") or _OTHER_TASTE.search(part):
        return False
    return all(_width_fits(bound, float(number) * (1 if unit == "px" else 16)) for bound, number, unit in _widths(part))


def _widths(part: str) -> list[tuple[str, str, str]]:
    return [found for found in _WIDTH.findall(part) if found[1].count(".") <= 1 and found[1] != "."]


def _width_fits(bound: str, width: float) -> bool:
    return width <= _SCREEN_WIDTH if bound == "min" else width >= _SCREEN_WIDTH


def _split(prelude: str, block: str, variables: dict[str, str], *, layered: bool) -> Iterator[CssRule]:
    selectors = split_selectors(prelude)
    if "--" in block and not _ROOTS.isdisjoint(selectors):
        _add(variables, read_variables(block))
    style = read_style(block)
    if not style:
        return
    for selector in map(_at_rest, selectors):
        if selector and len(selector) <= MAX_LENGTH and not _DYNAMIC.search(selector):
            yield CssRule(selector, specificity(selector), style, layered)


def _at_rest(selector: str) -> str:
    """Write the selector for a page that nobody has touched."""
    if ":not(" in selector:
        selector = _NOT_DYNAMIC.sub("", selector) or "*"
    return _CHECKED.sub("[checked]", selector) if ":" in selector else selector


def _add(variables: dict[str, str], found: Mapping[str, str]) -> None:
    if len(variables) < _MAX_VARIABLES:
        variables.update(found)


def split_selectors(prelude: str) -> list[str]:
    """Split a list of selectors; commas inside parentheses do not part them."""
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
    """Weigh a selector: ids; classes, attributes and pseudo-classes; element names."""
    if ":where(" in selector:
        selector = _WHERE.sub("", selector)
    return len(_ID.findall(selector)), len(_CLASS.findall(selector)), len(_TYPE.findall(selector))
