"""How an element looks, as far as it is hidden or not: computed from its parent's look and its own declarations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from app.engines.extract.box_hiding import is_positioned, kind_for_all, kind_in_flow, opacity
from app.engines.extract.css_values import (
    EM_PX,
    FAINT,
    TRANSPARENT,
    WHITE,
    Colour,
    colour_of,
    font_size_px,
    is_same_colour,
    is_translucent,
    length_px,
    text_colour_of,
)

_INDENT_FAR: Final = -200.0  # px
_TINY_FONT: Final = 2.0  # px
_PULLED: Final = -20.0  # px of a margin by which a box comes to lie on the one before
LINK_COLOUR: Final = (0, 0, 238)  # as browsers render links that nobody gave a colour
_BLACK: Final = (0, 0, 0)
_DEFERRING: Final = frozenset({"inherit", "unset", ""})  # the one around decides; of what is inherited


@dataclass(frozen=True, slots=True)
class Look:
    """One element. What is inherited holds for the text in it."""

    kind_for_all: str | None = None  # how it is hidden with everything inside, wherever that is placed
    kind_in_flow: str | None = None  # how what stays in it is hidden
    kind_of_placed: str | None = None  # how absolutely placed descendants are hidden
    frame: tuple[float | None, float | None] | None = None  # width and height beyond which these are cut off
    opacity: float = 1.0  # with all around
    is_visible: bool = True  # by `visibility`
    font_px: float = EM_PX
    indent_px: float = 0.0
    colour: Colour | None = _BLACK  # of text; None: not known
    is_filled: bool = False  # text shows what lies behind it, or has a shadow: its own colour says nothing
    ground: Colour | None = WHITE  # nearest background; None: a picture
    ground_is_sure: bool = True  # nothing is known that may lie between text and ground
    holder: int = 0  # memory id of the nearest element with a picture behind an indented text

    @property
    def kind(self) -> str | None:
        """How the element is hidden as a box; None: it is not."""
        return self.kind_for_all or self.kind_in_flow

    @property
    def kind_of_text(self) -> str | None:
        """How a text right in the element is hidden; None: it is not."""
        return self.kind or self._kind_of_inherited()

    def _kind_of_inherited(self) -> str | None:
        if not self.is_visible:
            return "visibility_hidden"
        if self.font_px <= _TINY_FONT:
            return "zero_font"
        if self.indent_px <= _INDENT_FAR:
            return "text_indent"
        return self._kind_of_colour()

    def _kind_of_colour(self) -> str | None:
        if self.colour is None or self.is_filled:
            return None
        if self.colour == TRANSPARENT:
            return "transparent_text"
        return "same_colour" if self.is_lost(self.colour) else None

    def is_lost(self, colour: Colour) -> bool:
        """Whether nobody can tell the colour from the background."""
        return self.ground is not None and self.ground_is_sure and is_same_colour(colour, self.ground)


def look_inside(
    parent: Look, style: Mapping[str, str], *, tag: str, key: int, is_doubtful: bool, link_colour: Colour | None
) -> Look:
    """Return the look of an element with these declarations in an element that looks like `parent`.

    Args:
        parent: the look of the element around.
        style: what is declared for the element itself.
        tag: its name, lower case.
        key: its memory id.
        is_doubtful: sheets that are not at hand may give it a background.
        link_colour: colour of a link without a declared one; None: the element is no link.
    """
    if not style and not is_doubtful:  # as most elements
        same = link_colour is None or parent.colour == link_colour
        return parent if same else replace(parent, colour=link_colour)
    position = style.get("position")
    around = _kind_around(parent, position)
    in_flow = around or kind_in_flow(style) or _cut_off(parent, style)
    seen = parent.opacity * opacity(style)
    for_all = parent.kind_for_all or kind_for_all(style, tag) or ("opacity_zero" if seen <= FAINT else None)
    places = is_positioned(style)
    ground, is_sure = _ground(parent, style, is_doubtful=is_doubtful)
    indent = _indent(parent, style)
    return Look(
        kind_for_all=for_all,
        kind_in_flow=in_flow,
        kind_of_placed=in_flow if places else parent.kind_of_placed,
        frame=_frame(style) if places else parent.frame,
        opacity=seen,
        is_visible=_is_visible(parent, style),
        font_px=_font(parent, style),
        indent_px=indent,
        colour=_colour(parent, style, link_colour),
        is_filled=_is_filled(parent, style),
        ground=ground,
        ground_is_sure=is_sure,
        holder=_holder(parent, style, indent, key),
    )


def _kind_around(parent: Look, position: str | None) -> str | None:
    if position == "fixed":
        return None
    return parent.kind_of_placed if position == "absolute" else parent.kind_in_flow


def _cut_off(parent: Look, style: Mapping[str, str]) -> str | None:
    """Say whether the element is placed beyond the part that its container shows."""
    if style.get("position") != "absolute" or parent.frame is None:
        return None
    width, height = parent.frame
    for edge, size in (("left", width), ("top", height)):
        distance = length_px(style.get(edge, ""))
        if size and distance is not None and not style[edge].endswith("%") and distance >= size:
            return "clipped"
    return None


def _frame(style: Mapping[str, str]) -> tuple[float | None, float | None] | None:
    cut = {style.get("overflow-x"), style.get("overflow-y")}
    if cut.isdisjoint({"hidden", "clip"}):
        return None
    sizes = [style.get(name, "") for name in ("width", "height")]
    width, height = (None if size.endswith("%") else length_px(size) for size in sizes)
    return width, height


def _is_visible(parent: Look, style: Mapping[str, str]) -> bool:
    value = style.get("visibility", "")
    return parent.is_visible if value in _DEFERRING else value not in {"hidden", "collapse"}


def _font(parent: Look, style: Mapping[str, str]) -> float:
    value = style.get("font-size", "")
    size = font_size_px(value)
    if size is None or value in _DEFERRING:
        return parent.font_px if value in _DEFERRING else EM_PX
    is_relative = value.endswith(("%", "em")) and not value.endswith("rem")
    return size * parent.font_px / EM_PX if is_relative else size


def _indent(parent: Look, style: Mapping[str, str]) -> float:
    value = style.get("text-indent", "")
    if value in _DEFERRING:
        return parent.indent_px
    return length_px(value.split()[0]) or 0.0


def _colour(parent: Look, style: Mapping[str, str], link_colour: Colour | None) -> Colour | None:
    value = style.get("-webkit-text-fill-color", "") or style.get("color", "")
    if not value:
        return parent.colour if link_colour is None else link_colour
    if value in _DEFERRING or value == "currentcolor":
        return parent.colour
    return text_colour_of(value)


def _is_filled(parent: Look, style: Mapping[str, str]) -> bool:
    if "text" in style.get("background-clip", ""):
        return True
    shadow = style.get("text-shadow", "")
    return parent.is_filled if shadow in _DEFERRING else shadow != "none"


def _ground(parent: Look, style: Mapping[str, str], *, is_doubtful: bool) -> tuple[Colour | None, bool]:
    if style.get("background-image", "none") not in {"none", "initial", "unset", ""}:
        return None, True
    value = style.get("background-color", "")
    colour = colour_of(value) if value else TRANSPARENT
    if colour is None and value not in _DEFERRING and value not in {"initial", "none"}:
        return None, True
    if colour != TRANSPARENT and is_translucent(value):
        return None, True
    if colour is not None and colour != TRANSPARENT:
        return colour, True
    pulled = (length_px(style.get("margin-top", "")) or 0.0) <= _PULLED
    lies_elsewhere = is_positioned(style) or pulled
    return parent.ground, parent.ground_is_sure and not lies_elsewhere and not is_doubtful


def _holder(parent: Look, style: Mapping[str, str], indent: float, key: int) -> int:
    if indent > _INDENT_FAR:
        return 0
    return key if style.get("background-image", "none") != "none" else parent.holder
