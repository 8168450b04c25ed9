"""Hidden links: which elements of a page no visitor sees, from inline styles, style blocks and sheets at hand.

Kinds: display_none, visibility_hidden, opacity_zero, off_screen, zero_font, tiny_box (a pixel, clipped or scaled to
nothing), same_colour, text_indent, marquee, script_made. An element is hidden by its own style or by an ancestor's.
Content of `noscript` and `template` is not hidden, merely not active.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from app.engines.extract.declarations import (
    TRANSPARENT,
    colour_of,
    font_size_px,
    is_same_colour,
    kind_of_box,
    length_px,
    read_style,
)
from app.engines.extract.scripted_hiding import hidden_by_scripts, written_sheets
from app.engines.extract.selectors import Shape
from app.engines.extract.sheet import SheetRule, Specificity, media_applies, read_sheet

_MAX_SELECTORS: Final = 600  # that are matched on one page; 20 us each on a page of 200 kB
_INDENT_FAR: Final = -200.0  # px
_TINY_MARQUEE: Final = 5.0  # px
_MAX_ANCESTORS: Final = 3_000
_Weight = tuple[bool, int, Specificity, int]  # important, 1 for inline, specificity, order
# Values that hide or may take part in it. A sheet without any of them need not be matched at all.
_HIDES: Final = {
    "display": re.compile(r"none"),
    "visibility": re.compile(r"hidden|collapse"),
    "opacity": re.compile(r"^0*\.?0"),
    "filter": re.compile(r"opacity"),
    "font-size": re.compile(r"^0|^\.|^1px"),
    "font": re.compile(r"\b0(?:px)?/|\b0px|\b1px/"),
    "text-indent": re.compile(r"^-\d{2,}"),
    "left": re.compile(r"^-\d{2,}"),
    "right": re.compile(r"^-\d{2,}"),
    "top": re.compile(r"^-\d{2,}"),
    "bottom": re.compile(r"^-\d{2,}"),
    "margin-left": re.compile(r"^-\d{2,}"),
    "margin-top": re.compile(r"^-\d{2,}"),
    "margin": re.compile(r"-\d{3,}"),
    "transform": re.compile(r"-\d{3,}|scale[xy3d]*\(\s*0"),
    "clip": re.compile(r"rect"),
    "clip-path": re.compile(r"inset|circle|ellipse|polygon"),
    "width": re.compile(r"^[01](?:px)?$"),
    "height": re.compile(r"^[01](?:px)?$"),
    "max-width": re.compile(r"^[01](?:px)?$"),
    "max-height": re.compile(r"^[01](?:px)?$"),
    "color": re.compile(r"transparent|white|rgba|#f[a-f0-9]f|#f{3}|#f[0-9a-f]{5}|255"),  # pale text, the usual trick
}
_SEE_THROUGH: Final = frozenset({"inherit", "none", "unset", ""})  # the next one around decides
# What else decides whether a property hides; rules that set these are matched too.
_TOGETHER: Final = {
    "color": ("background", "background-color"),
    **dict.fromkeys(("left", "right", "top", "bottom"), ("position",)),
    **dict.fromkeys(("width", "height", "max-width", "max-height"), ("overflow", "overflow-x", "overflow-y")),
    "font-size": ("font",),
}
# Kinds that menus, tabs, dialogs and texts for screen readers use too.


@dataclass(slots=True)
class HiddenIndex:
    """What is hidden on one parsed page. Built on first use; valid as long as the tree is not changed."""

    tree: LexborHTMLParser
    sheets: Sequence[str] = ()  # texts of already fetched sheets of the same site, in order
    _styles: dict[int, dict[str, tuple[_Weight, str]]] | None = field(default=None, init=False)  # None: not built yet
    _shape: Shape | None = field(default=None, init=False)
    _near: dict[int, dict[str, str]] = field(default_factory=dict, init=False)  # element -> what descends to it
    _boxes: dict[int, str | None] = field(default_factory=dict, init=False)  # element -> kind, ancestors included

    def kind_of(self, node: LexborNode) -> str | None:
        """How this element is hidden, or None when it is visible as far as we know."""
        if self._styles is None:
            self._styles = {}
            self._build(self._styles)
        if not self._styles:
            return None
        return self._box(node) or self._inherited(node)

    def _build(self, styles: dict[int, dict[str, tuple[_Weight, str]]]) -> None:
        rules = [rule for sheet in self._all_sheets() for rule in read_sheet(sheet)]
        inline, by_attribute = self._hidden_inline(), self.tree.css_first("[hidden]") is not None
        watched = {name for rule in rules for name, (value, _) in rule.style.items() if _hides(name, value)}
        watched |= inline | ({"display"} if by_attribute else set())
        if watched:
            watched |= {other for name in watched for other in _TOGETHER.get(name, ())}
            self._match(rules, watched, styles, already=by_attribute, inline=inline)
        for node in self.tree.css("[style]"):
            text = node.attributes.get("style") or ""
            for name, (value, important) in read_style(text).items():
                _put(styles, node.mem_id, name, value, (important, 1, (0, 0, 0), 0))
        self._read_attributes(styles)
        for key in hidden_by_scripts(self.tree):
            _put(styles, key, "scripted", "yes", (False, 0, (0, 0, 0), -1))

    def _all_sheets(self) -> Iterator[str]:
        yield from self.sheets
        for node in self.tree.css("style"):
            inactive = node.parent is not None and node.parent.tag == "noscript"
            if not inactive and media_applies(node.attributes.get("media") or ""):
                yield node.text()
        yield from written_sheets(self.tree)

    def _hidden_inline(self) -> set[str]:
        """Properties by which some element hides itself."""
        texts = (node.attributes.get("style") or "" for node in self.tree.css("[style]"))
        return {name for text in texts for name, (value, _) in read_style(text).items() if _hides(name, value)}

    def _match(
        self,
        rules: Sequence[SheetRule],
        watched: set[str],
        styles: dict[int, dict[str, tuple[_Weight, str]]],
        *,
        already: bool,
        inline: set[str],
    ) -> None:
        """First the rules that hide; the others only matter where something is hidden: by those, `already` by an
        attribute, or by `inline` styles, which only important rules overrule.
        """
        hiding = [(order, rule) for order, rule in enumerate(rules) if _is_hiding(rule)]
        others = [
            (order, rule) for order, rule in enumerate(rules) if not _is_hiding(rule) and watched & set(rule.style)
        ]
        matched = already
        for order, rule in hiding[:_MAX_SELECTORS]:
            matched |= self._apply(rule, order, styles)
        if not matched:
            others = [(order, rule) for order, rule in others if _overrules(rule, inline)]
        for order, rule in others[:_MAX_SELECTORS]:
            self._apply(rule, order, styles)

    def _apply(self, rule: SheetRule, order: int, styles: dict[int, dict[str, tuple[_Weight, str]]]) -> bool:
        if self._shape is None:
            self._shape = Shape.of(self.tree.css("*"))
        if not self._shape.affords(rule.selector):
            return False
        try:
            nodes = self.tree.css(rule.selector)
        except SelectolaxError:  # a selector that lexbor does not know
            return False
        for node in nodes:
            for name, (value, important) in rule.style.items():
                _put(styles, node.mem_id, name, value, (important, 0, rule.specificity, order))
        return bool(nodes)

    def _read_attributes(self, styles: dict[int, dict[str, tuple[_Weight, str]]]) -> None:
        """Attributes that style: `hidden`, tiny marquees, `font` with a colour."""
        weakest: _Weight = (False, 0, (0, 0, 0), -1)
        for node in self.tree.css("[hidden]"):
            _put(styles, node.mem_id, "display", "none", weakest)
        for node in self.tree.css("marquee"):
            sizes = [length_px(node.attributes.get(name) or "") for name in ("width", "height")]
            if any(size is not None and size <= _TINY_MARQUEE for size in sizes):
                _put(styles, node.mem_id, "marquee", "tiny", weakest)
        for node in self.tree.css("font[color]"):
            _put(styles, node.mem_id, "color", (node.attributes.get("color") or "").lower(), weakest)

    def _box(self, node: LexborNode) -> str | None:
        """Kind of the nearest hidden box around the node; remembered for every element on the way."""
        way: list[int] = []
        kind: str | None = None
        current: LexborNode | None = node
        while current is not None and len(way) < _MAX_ANCESTORS:
            key = current.mem_id
            if key in self._boxes:
                kind = self._boxes[key]
                break
            way.append(key)
            kind = self._own_box(key)
            if kind is not None:
                break
            current = current.parent
        self._boxes.update(dict.fromkeys(way, kind))
        return kind

    def _own_box(self, key: int) -> str | None:
        style = self._style(key)
        if not style:
            return None
        if "scripted" in style:
            return "script_made"
        return "marquee" if "marquee" in style else kind_of_box(style)

    def _style(self, key: int) -> dict[str, str]:
        found = (self._styles or {}).get(key)
        return {name: value for name, (_, value) in found.items()} if found else {}

    def _inherited(self, node: LexborNode) -> str | None:
        """Hiding by properties that descend: the nearest declaration decides."""
        way: list[int] = []
        near: dict[str, str] = {}
        current: LexborNode | None = node
        while current is not None and len(way) < _MAX_ANCESTORS:
            if (known := self._near.get(current.mem_id)) is not None:
                near = known
                break
            way.append(current.mem_id)
            current = current.parent
        for key in reversed(way):
            if style := self._style(key):
                near = near | {name: value for name, value in style.items() if value not in _SEE_THROUGH}
            self._near[key] = near
        return _kind_of_text(near)


def _kind_of_text(near: dict[str, str]) -> str | None:
    if near.get("visibility") in {"hidden", "collapse"}:
        return "visibility_hidden"
    size = font_size_px(near)
    if size is not None and 0 <= size <= 1:
        return "zero_font"
    indent = length_px(near.get("text-indent", ""))
    if indent is not None and indent <= _INDENT_FAR:
        return "text_indent"
    return "same_colour" if _is_unreadable(near) else None


def _is_unreadable(near: dict[str, str]) -> bool:
    """Text in the colour of the declared background, or transparent text. Undeclared backgrounds prove nothing."""
    text = colour_of(near.get("color", ""))
    if text is None or "url(" in near.get("background", "") or "gradient" in near.get("background", ""):
        return False
    if text == TRANSPARENT:
        return "background-clip" not in near
    ground = colour_of(near.get("background-color", "")) or colour_of(near.get("background", ""))
    return ground is not None and ground != TRANSPARENT and is_same_colour(text, ground)


def _put(styles: dict[int, dict[str, tuple[_Weight, str]]], key: int, name: str, value: str, weight: _Weight) -> None:
    style = styles.setdefault(key, {})
    if name not in style or style[name][0] <= weight:
        style[name] = (weight, value)


def _hides(name: str, value: str) -> bool:
    pattern = _HIDES.get(name)
    return pattern is not None and pattern.search(value) is not None


def _overrules(rule: SheetRule, inline: set[str]) -> bool:
    return any(important and name in inline for name, (_, important) in rule.style.items())


def _is_hiding(rule: SheetRule) -> bool:
    return any(_hides(name, value) for name, (value, _) in rule.style.items())
