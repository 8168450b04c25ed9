"""A style sheet ready to be applied: rules that can hide by what they may select, and the others likewise.

An element is looked up by its id, its classes and its name; each rule stands under one word of its last part, so few
rules are looked at for one element, however long the sheet is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import orjson

from app.engines.extract.css_rules import CssRule, read_sheet
from app.engines.extract.css_values import TRANSPARENT, WHITE, Colour, colour_of, is_same_colour, text_colour_of

MAX_BLOCK: Final = 300_000  # characters: 0.15 s of those that a page may take
ANY: Final = "*"  # the word of rules whose last part names nothing
_LAST: Final = re.compile(r"[\s>+~]([^\s>+~]++)\Z")
_PSEUDO: Final = re.compile(r"(?<!\\):[\w\-]++")
_WORD: Final = re.compile(r"([#.]?)((?:[\w\-]|\\.|[^\x00-\x7f])++)")
_MAX_GROUNDS: Final = 64  # colours of backgrounds that are compared with those of texts
_NOTHING: Final = re.compile(r"^[01](?:px|pt|r?em|%)?$|^0?\.")
# Values that hide or may take part in it.
_HIDES: Final = {
    "display": re.compile(r"none|var\("),
    "visibility": re.compile(r"hidden|collapse"),
    "content-visibility": re.compile(r"hidden"),
    "opacity": re.compile(r"^0*+(?:\.[0-4]|$|%)|^\d?\d%"),
    "filter": re.compile(r"opacity"),
    "font-size": re.compile(r"^0|^\.|^[12](?:px|pt|%)"),
    "text-indent": re.compile(r"^-\d{2,}"),
    "left": re.compile(r"^-\d{2,}"),
    "right": re.compile(r"^-\d{2,}"),
    "top": re.compile(r"^-\d{2,}"),
    "bottom": re.compile(r"^-\d{2,}"),
    "margin-left": re.compile(r"^-\d{2,}"),
    "margin-top": re.compile(r"^-\d{2,}"),
    "transform": re.compile(r"-\d{3,}|scale|rotate[xy]|matrix"),
    "translate": re.compile(r"-\d{3,}"),
    "scale": re.compile(r"^0|\s0"),
    "rotate": re.compile(r"[xy]\s"),
    "clip": re.compile(r"rect"),
    "clip-path": re.compile(r"inset|circle|ellipse|polygon"),
    "width": _NOTHING,
    "height": _NOTHING,
    "max-width": _NOTHING,
    "max-height": _NOTHING,
    "overflow-x": re.compile(r"hidden|clip"),
    "overflow-y": re.compile(r"hidden|clip"),
    "z-index": re.compile(r"^[-\d]"),
    "-webkit-text-fill-color": re.compile(r"."),
}
_NEEDS_MORE: Final = frozenset({"overflow-x", "overflow-y", "z-index"})  # hide nothing by themselves


def hides(name: str, value: str) -> bool:
    """Whether the declaration hides, or may take part in it; colours are compared elsewhere."""
    pattern = _HIDES.get(name)
    return pattern is not None and name not in _NEEDS_MORE and pattern.search(value) is not None


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """Immutable. `order` of a rule is its place in the sheet."""

    hiding: Mapping[str, Sequence[tuple[int, CssRule]]]  # by word
    others: Mapping[str, Sequence[tuple[int, CssRule]]]
    variables: Mapping[str, str] = field(default_factory=dict)
    grounds: Sequence[Colour] = ()  # colours of backgrounds

    @classmethod
    def of(cls, rules: Iterable[CssRule], variables: Mapping[str, str]) -> "StyleSheet":
        """Sort the rules; they are in order."""
        rules = list(rules)
        grounds = _grounds(rules)
        hiding: dict[str, list[tuple[int, CssRule]]] = {}
        others: dict[str, list[tuple[int, CssRule]]] = {}
        for order, rule in enumerate(rules):
            part = hiding if _can_hide(rule, grounds) else others
            part.setdefault(word_of(rule.selector), []).append((order, rule))
        return cls(hiding, others, variables, grounds)

    @property
    def hides(self) -> bool:
        """Whether any rule can hide."""
        return bool(self.hiding)


NONE: Final = StyleSheet({}, {})


def sheet_of(text: str) -> StyleSheet:
    """Read a style block, of which `MAX_BLOCK` characters are looked at."""
    return _sheet_of(text[:MAX_BLOCK])


@lru_cache(maxsize=128)  # the same few blocks on all pages of a site
def _sheet_of(text: str) -> StyleSheet:
    found = read_sheet(text)
    return StyleSheet.of(found.rules, found.variables)


def sheet_to_json(rules: Sequence[CssRule], variables: Mapping[str, str]) -> str:
    """Write what `sheet_from_json` reads; a style that many selectors share is written once."""
    styles = {id(rule.style): rule.style for rule in rules}
    places = {key: place for place, key in enumerate(styles)}
    plain = [(rule.selector, rule.specificity, places[id(rule.style)], rule.layered) for rule in rules]
    return str(orjson.dumps([list(styles.values()), plain, variables]), "utf-8")


def sheet_from_json(text: str) -> StyleSheet:
    """Raises ValueError, TypeError, KeyError, IndexError and AttributeError for what is none."""
    styles, plain, variables = orjson.loads(text)
    known = [{name: (value, important) for name, (value, important) in style.items()} for style in styles]
    rules = [
        CssRule(selector, (ids, classes, names), known[place], layered)
        for selector, (ids, classes, names), place, layered in plain
    ]
    return StyleSheet.of(rules, variables)


def word_of(selector: str) -> str:
    """Return the word of the last part under which the rule is looked for: `#id`, `.class`, a name or `ANY`."""
    plain = _without_brackets(selector)
    match = _LAST.search(f" {plain}") if plain is not None else None
    words = _WORD.findall(_PSEUDO.sub("", match[1])) if match else []
    found: dict[str, str] = dict(words)
    for mark in ("#", "."):
        if mark in found:
            return ANY if "\\" in found[mark] else f"{mark}{found[mark].lower()}"
    return found.get("", ANY).lower()


def _without_brackets(selector: str) -> str | None:
    """Cut what stands in brackets; None: they do not pair."""
    pieces, depth, start = [], 0, 0
    for index, character in enumerate(selector):
        if character in "([":
            if depth == 0:
                pieces.append(selector[start:index])
            depth += 1
        elif character in ")]":
            depth -= 1
            start = index + 1
            if depth < 0:
                return None
    return None if depth else "".join((*pieces, selector[start:])).strip()


def _can_hide(rule: CssRule, grounds: Sequence[Colour]) -> bool:
    if "z-index" in rule.style and rule.style.get("position", ("",))[0] in {"absolute", "fixed"}:
        return True  # something may lie on it
    return any(
        hides(name, value) or (name == "color" and is_suspicious(value, grounds))
        for name, (value, _) in rule.style.items()
    )


def _grounds(rules: Iterable[CssRule]) -> list[Colour]:
    values = {rule.style["background-color"][0] for rule in rules if "background-color" in rule.style}
    colours = {colour for value in list(values)[:_MAX_GROUNDS] if (colour := colour_of(value)) is not None}
    return [WHITE, *(colour for colour in colours if colour != TRANSPARENT)]


def is_suspicious(value: str, grounds: Iterable[Colour]) -> bool:
    """Whether a text's colour is none, that of the text around, or may be that of a background."""
    if "var(" in value or value == "inherit":
        return True
    colour = text_colour_of(value)
    return colour is not None and is_suspicious_colour(colour, grounds)


def is_suspicious_colour(colour: Colour, grounds: Iterable[Colour]) -> bool:
    """Whether a text's colour is none, or may be that of a background."""
    return colour == TRANSPARENT or any(is_same_colour(colour, ground) for ground in grounds)
