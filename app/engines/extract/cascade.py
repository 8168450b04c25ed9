"""Which declarations apply to an element: sheets, its own style and its attributes, by weight and order.

Rules are matched when an element is asked for that they may select, each once for the whole tree. At first only rules
that can hide are: the others matter when something seems to be hidden (`read_all`), which few pages have.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode, SelectolaxError

from app.engines.extract.css_declarations import read_style
from app.engines.extract.css_rules import CssRule, Specificity
from app.engines.extract.page_styles import PageStyles
from app.engines.extract.selector_cost import TreeSize
from app.engines.extract.style_sheet import ANY, StyleSheet
from app.engines.html.tree import HtmlTree

# Elements that selectors are compared with on one tree, and 20 for each that is selected: half a second.
_MAX_STEPS: Final = 8_000_000
_SELECTED: Final = 20
_MAX_WORDS: Final = 40  # classes of one element
_MAX_VALUE: Final = 1_000  # characters
_MAX_ROUNDS: Final = 4  # custom properties inside custom properties
_VARIABLE: Final = re.compile(r"var\(\s*+(--[\w\-]{1,100}+)\s*+(?:,([^()]{0,200}+))?\)")
_Weight = tuple[bool, int, Specificity, int, int]  # important, origin, specificity, sheet, order
_ATTRIBUTE, _LAYERED, _SHEET, _INLINE = range(4)  # origins, the weakest first
_NO_WEIGHT: Final = (0, 0, 0)
_COLOURED: Final = frozenset({"body", "table", "tbody", "thead", "tfoot", "tr", "td", "th", "marquee"})
_SIZED: Final = frozenset({"iframe", "embed", "object", "marquee", "td", "table"})
_DIGITS: Final = re.compile(r"\A\s*+(\d{1,6})(?:px)?\s*+\Z")
_LATE_PICTURE: Final = re.compile(r"bg|back|image|img|src|parallax|video|poster")
_BARE_HEX: Final = re.compile(r"\A[0-9a-f]{6}\Z")


@dataclass(slots=True)
class Cascade:
    """Declared styles of one parsed tree; valid as long as the tree is not changed."""

    tree: HtmlTree
    styles: PageStyles
    reads_all: bool = field(default=False, init=False)  # whether the rules that hide nothing are matched, too
    _matched: dict[int, dict[str, tuple[_Weight, str]]] = field(default_factory=dict, init=False)  # by element
    _known: dict[int, Mapping[str, str]] = field(default_factory=dict, init=False)
    _words: set[str] = field(default_factory=set, init=False)  # whose rules are matched
    _steps: int = field(default=0, init=False)
    _size: TreeSize | None = field(default=None, init=False)

    def style(self, node: LexborNode) -> Mapping[str, str]:
        """Return what is declared for the element itself: property -> value, custom properties put in."""
        key = node.mem_id
        if key not in self._known:
            self._known[key] = self._read(node)
        return self._known[key]

    def read_all(self) -> None:
        """Match all rules from now on; styles that were returned before may be others now."""
        if self.reads_all:
            return
        self.reads_all = True
        self._known.clear()
        if any(sheet.others for sheet in self.styles.sheets):
            for word in sorted(self._words):
                self._match(word, hiding=False)

    def _read(self, node: LexborNode) -> Mapping[str, str]:
        attributes = node.attributes
        if self.styles.sheets:
            for word in _words_of(node, attributes):
                if word not in self._words:
                    self._words.add(word)
                    self._match(word, hiding=True)
                    if self.reads_all:
                        self._match(word, hiding=False)
        found = self._matched.get(node.mem_id)
        own = _own(node.tag or "", attributes) if attributes else ()
        if not found and not own:
            return {}
        style = dict(found or {})
        for name, value, weight in own:
            if name not in style or style[name][0] <= weight:
                style[name] = (weight, value)
        return {name: self._filled(value) if "var(" in value else value for name, (_, value) in style.items()}

    def _filled(self, value: str) -> str:
        for _ in range(_MAX_ROUNDS):
            if "var(" not in value:
                break
            value = _VARIABLE.sub(self._variable, value)[:_MAX_VALUE]
        return value.strip()

    def _variable(self, match: re.Match[str]) -> str:
        """Return the value; of one that is not known the text as it is, which is no value of anything."""
        return self.styles.variables.get(match[1], match[2] or match[0])

    def _match(self, word: str, *, hiding: bool) -> None:
        for number, sheet in enumerate(self.styles.sheets):
            for order, rule in _part(sheet, hiding=hiding).get(word, ()):
                if self._steps < _MAX_STEPS:
                    self._apply(rule, number, order)

    def _apply(self, rule: CssRule, number: int, order: int) -> None:
        origin = _LAYERED if rule.layered else _SHEET
        nodes = self._select(rule.selector)
        self._steps += _SELECTED * len(nodes)
        for node in nodes:
            style = self._matched.setdefault(node.mem_id, {})
            for name, (value, important) in rule.style.items():
                weight = (important, origin, rule.specificity, number, order)
                if name not in style or style[name][0] <= weight:
                    style[name] = (weight, value)

    def _select(self, selector: str) -> list[LexborNode]:
        if self._size is None:
            self._size = TreeSize.of(self.tree.css("*"))
        if not self._size.allows(selector):
            return []
        self._steps += self._size.nodes
        try:
            return self.tree.css(selector)
        except SelectolaxError:  # a selector that lexbor does not know
            return []


def _part(sheet: StyleSheet, *, hiding: bool) -> Mapping[str, Sequence[tuple[int, CssRule]]]:
    return sheet.hiding if hiding else sheet.others


def _words_of(node: LexborNode, attributes: Mapping[str, str | None]) -> Iterator[str]:
    yield ANY
    yield node.tag or ""
    if identifier := attributes.get("id"):
        yield f"#{identifier.lower()}"
    if classes := attributes.get("class"):
        for name in classes.lower().split()[:_MAX_WORDS]:
            yield f".{name}"


def _own(tag: str, attributes: Mapping[str, str | None]) -> list[tuple[str, str, _Weight]]:
    """Return what the element's attributes declare: (property, value, weight)."""
    found = [(name, value, (False, _ATTRIBUTE, _NO_WEIGHT, 0, 0)) for name, value in _presentational(tag, attributes)]
    if text := attributes.get("style"):
        found += [
            (name, value, (important, _INLINE, _NO_WEIGHT, 0, 0))
            for name, (value, important) in read_style(text).items()
        ]
    return found


def _presentational(tag: str, attributes: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    if "hidden" in attributes or "popover" in attributes or (tag == "dialog" and "open" not in attributes):
        yield "display", "none"
    if tag in _COLOURED and (ground := attributes.get("bgcolor")):
        yield "background-color", _colour(ground)
    if (tag in _COLOURED and attributes.get("background")) or _gets_picture(attributes):
        yield "background-image", "url()"
    if tag == "font" and (colour := attributes.get("color")):
        yield "color", _colour(colour)
    if tag == "body" and (colour := attributes.get("text")):
        yield "color", _colour(colour)
    if tag in _SIZED:
        for name in ("width", "height"):
            if match := _DIGITS.match(attributes.get(name) or ""):
                yield name, f"{match[1]}px"


def _gets_picture(attributes: Mapping[str, str | None]) -> bool:
    """Whether a script will put a picture behind the text, as sliders do."""
    return any(name.startswith("data-") and _LATE_PICTURE.search(name) for name in attributes)


def _colour(text: str) -> str:
    text = text[:40].strip().lower()
    return f"#{text}" if _BARE_HEX.match(text) else text
