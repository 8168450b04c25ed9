"""Hidden links: which elements of a page no visitor sees, as far as styles, attributes and plain scripts say.

Kinds: display_none, content_hidden, visibility_hidden, opacity_zero, off_screen, zero_font, tiny_box (a pixel),
cut_away (clipped or scaled to nothing), clipped (beyond what its container shows), covered, same_colour (as its
background), transparent_text, text_indent, marquee, closed_details (nothing to open them), empty_link, script_made. An
element is hidden by its own style or by an ancestor's, a link also when all that it shows is hidden. Content of
`noscript` and `template` is not hidden, merely not active.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.box_hiding import is_pixel, kind_of_box
from app.engines.extract.cascade import Cascade
from app.engines.extract.covering import is_covered
from app.engines.extract.css_values import TRANSPARENT, WHITE, Colour, colour_of, length_px
from app.engines.extract.element_look import LINK_COLOUR, Look, look_inside
from app.engines.extract.page_styles import PageStyles
from app.engines.extract.scripted_hiding import script_styles
from app.engines.extract.style_sheet import hides, is_suspicious_colour
from app.engines.html.marks import marks
from app.engines.html.tree import HtmlTree

_MAX_ANCESTORS: Final = 3_000
_MAX_INSIDE: Final = 60  # nodes of a link that are looked at; one that holds more shows something
_MAX_LINKS: Final = 2  # of a heading or a logo whose text a picture stands for
_SHOWN_TO_READ: Final = frozenset({"a", "button", "q", "blockquote"})
_PICTURES: Final = frozenset(
    {"img", "svg", "picture", "video", "canvas", "object", "embed", "iframe", "input", "button", "select", "audio"}
)
_NOTHING: Final = dict.fromkeys(map(ord, "\u00a0\u200b\u200c\u200d\u2060\ufeff"), " ")
_TEXT_KINDS: Final = frozenset({"zero_font", "text_indent", "same_colour", "transparent_text"})
_BARE: Final = frozenset({"href", "target", "rel", "style"})  # attributes of a link that is nothing but a link
_PAINTED: Final = 4.0  # px of a coloured box that somebody sees
# Without any of these nothing on a page is hidden, unless by rules or scripts.
_MARKS: Final = (
    "[style], [hidden], [popover], dialog, [bgcolor], [background], [text], [link], font[color], details, iframe, "
    "embed, object, marquee"
)
_MARK_TAGS: Final = ("dialog", "font", "details", "iframe", "embed", "object", "marquee")
_MARK_ATTRIBUTES: Final = marks(b"style", b"hidden", b"popover", b"bgcolor", b"background", b"text", b"link")
_BOX: Final = frozenset({"width", "height", "background-color", "background-image", "padding-left", "padding-top"})


@dataclass(slots=True)
class HiddenElements:
    """Knows what is hidden on one parsed tree; valid as long as the tree is not changed."""

    tree: HtmlTree
    styles: PageStyles = field(default_factory=PageStyles)
    _cascade: Cascade = field(init=False)
    _looks: dict[int, Look] = field(default_factory=dict, init=False)
    _scripted: Mapping[int, Mapping[str, str]] | None = field(default=None, init=False)  # None: not read yet
    _may_hide: bool = field(default=False, init=False)  # something that was looked at may be hidden by further rules
    _grounds: Sequence[Colour] = field(default=(), init=False)  # colours of backgrounds in the sheets
    _openable: dict[int, bool] = field(default_factory=dict, init=False)  # details by memory id
    _links_inside: dict[int, int] = field(default_factory=dict, init=False)
    _link_colour: Colour | None = field(default=LINK_COLOUR, init=False)
    _is_plain: bool = field(default=False, init=False)  # nothing of the page can hide anything

    def __post_init__(self) -> None:
        self._cascade = Cascade(self.tree, self.styles)
        self._grounds = self.styles.grounds

    def kind_of(self, node: LexborNode) -> str | None:
        """Say how this element is hidden; None when it is visible as far as we know."""
        return self._surely(self._kind_of, node)

    def kind_of_text(self, parent: LexborNode) -> str | None:
        """Say how the text right in this element is hidden."""
        return self._surely(self._kind_of_text, parent)

    def _surely(self, judge: Callable[[LexborNode], str | None], node: LexborNode) -> str | None:
        """Judge by the rules that can hide; when they seem to, once more by all rules."""
        if self._scripted is None:
            self._prepare()
        kind = judge(node)
        if (kind is None and not self._may_hide) or self._cascade.reads_all:
            return kind
        self._cascade.read_all()
        self._looks.clear()
        self._openable.clear()
        return judge(node)

    def _prepare(self) -> None:
        body = self.tree.body
        colour = body.attributes.get("link") if body is not None else None
        if colour:
            self._link_colour = colour_of(colour[:40].strip().lower()) or LINK_COLOUR
        self._scripted = script_styles(self.tree, self.styles.sheets)
        self._is_plain = not self.styles.sheets and not self._scripted and not self._has_marks()

    def _has_marks(self) -> bool:
        return self.tree.find_first(_MARKS, *_MARK_TAGS, attributes=_MARK_ATTRIBUTES) is not None

    def _kind_of_text(self, parent: LexborNode) -> str | None:
        return self._look(parent).kind_of_text

    def _kind_of(self, node: LexborNode) -> str | None:
        look = self._look(node)
        if look.kind is not None:
            return look.kind
        if node.tag in _SHOWN_TO_READ:
            return self._kind_of_content(node)
        return None if look.is_visible else "visibility_hidden"

    def _kind_of_content(self, node: LexborNode) -> str | None:
        """Say how all that a link shows is hidden."""
        kind: str | None = None
        has_pictures = False
        for inner in islice(node.traverse(include_text=True), _MAX_INSIDE):
            if inner.tag == "-text":
                found = self._kind_of_inner_text(inner)
                if found is None:
                    return None
                kind = kind or found or None
            elif inner.tag in _PICTURES and not is_pixel({**self._style(inner), **_sizes(inner)}):
                look = self._look(inner)
                if look.is_visible and look.kind is None:
                    return None
                has_pictures = True
        if kind is not None:
            return None if kind in _TEXT_KINDS and self._is_painted(node) else kind
        return None if has_pictures else self._kind_of_empty(node)

    def _kind_of_inner_text(self, text: LexborNode) -> str | None:
        """Say how a text is hidden; "" for one of white space."""
        parent = text.parent
        if parent is None or not (text.text_content or "").translate(_NOTHING).strip():
            return ""
        return self._look(parent).kind_of_text

    def _is_painted(self, node: LexborNode) -> bool:
        """Whether something is seen of a link although its text is not: a picture in its place, or a coloured box."""
        style = self._style(node)
        if style.get("background-image", "none") != "none":
            return True
        colour = colour_of(style.get("background-color", ""))
        sizes = [length_px(style.get(name, "")) for name in ("width", "height")]
        is_coloured = colour is not None and colour not in {TRANSPARENT, WHITE} and not self._is_lost(node, colour)
        if is_coloured and all(size is not None and size > _PAINTED for size in sizes):
            return True
        holder = self._look(node).holder
        return bool(holder) and self._links_in(node, holder) <= _MAX_LINKS

    def _is_lost(self, node: LexborNode, colour: Colour) -> bool:
        """Whether a box of this colour cannot be told from what it stands on."""
        return node.parent is not None and self._look(node.parent).is_lost(colour)

    def _links_in(self, node: LexborNode, holder: int) -> int:
        if holder not in self._links_inside:
            current: LexborNode | None = node
            while current is not None and current.mem_id != holder:
                current = current.parent
            self._links_inside[holder] = len(current.css("a")) if current is not None else 0
        return self._links_inside[holder]

    def _kind_of_empty(self, node: LexborNode) -> str | None:
        """Say whether a link without text and pictures is nothing at all: icons are rendered by styles, too."""
        if node.tag != "a" or not _BARE.issuperset(node.attributes) or not self._look(node).is_visible:
            return None
        elements = [inner for inner in islice(node.traverse(), _MAX_INSIDE) if inner.mem_id != node.mem_id]
        if any(inner.tag not in {"img", "br", "-comment"} for inner in elements):
            return None
        style = self._style(node)
        return None if style.get("position") in {"absolute", "fixed"} or not _BOX.isdisjoint(style) else "empty_link"

    def _style(self, node: LexborNode) -> Mapping[str, str]:
        style = self._cascade.style(node)
        if self._scripted and (scripted := self._scripted.get(node.mem_id)):
            return {**style, **scripted}
        return style

    def _look(self, node: LexborNode) -> Look:
        """Return the look of an element; remembered for all around it."""
        if self._is_plain:
            return _PLAIN
        way: list[LexborNode] = []
        look = Look(ground_is_sure=self.styles.complete)
        current: LexborNode | None = node
        while current is not None and len(way) < _MAX_ANCESTORS:
            if (known := self._looks.get(current.mem_id)) is not None:
                look = known
                break
            way.append(current)
            current = current.parent
        for element in reversed(way):
            look = self._looks[element.mem_id] = self._look_inside(look, element)
        return look

    def _look_inside(self, parent: Look, node: LexborNode) -> Look:
        tag, key = node.tag or "", node.mem_id
        if tag[:1] == "-":
            return parent
        style, attributes = self._style(node), node.attributes
        look = look_inside(
            parent,
            style,
            tag=tag,
            key=key,
            is_doubtful=not self.styles.complete and "class" in attributes,
            link_colour=self._link_colour if tag == "a" and "href" in attributes else None,
        )
        self._may_hide = self._may_hide or self._is_doubtful(style, look)
        if look.kind is None:
            beside = self._kind_beside(node, style)
            return look if beside is None else _hidden(look, beside)
        was_script = parent.kind is None and self._is_scripted(node, style)
        return _hidden(look, "script_made") if was_script else look

    def _is_doubtful(self, style: Mapping[str, str], look: Look) -> bool:
        """Whether the element may be hidden together with rules that were not matched yet."""
        if self._cascade.reads_all or not style:
            return False
        if "color" in style and look.colour is not None and is_suspicious_colour(look.colour, self._grounds):
            return True
        return any(hides(name, value) for name, value in style.items())

    def _is_scripted(self, node: LexborNode, style: Mapping[str, str]) -> bool:
        """Whether it was a script that hid the element."""
        if not self._scripted or node.mem_id not in self._scripted:
            return False
        return kind_of_box(self._cascade.style(node)) is None and kind_of_box(style) is not None

    def _kind_beside(self, node: LexborNode, style: Mapping[str, str]) -> str | None:
        """Say how what stands beside an element hides it."""
        if "z-index" in style and is_covered(node, style, self._style):
            return "covered"
        parent = node.parent
        if parent is None or parent.tag != "details" or node.tag == "summary" or "open" in parent.attributes:
            return None
        if parent.mem_id not in self._openable:
            self._openable[parent.mem_id] = self._can_be_opened(parent)
        return None if self._openable[parent.mem_id] else "closed_details"

    def _can_be_opened(self, details: LexborNode) -> bool:
        """Whether a visitor sees what opens it: without a summary browsers write one."""
        summary = next((child for child in details.iter() if child.tag == "summary"), None)
        if summary is None:
            return True
        look = self._look(summary)
        if look.kind_of_text is not None:
            return False
        return bool(summary.text().strip()) or summary.css_first("img, svg") is not None


_PLAIN: Final = Look()


def _sizes(node: LexborNode) -> dict[str, str]:
    """Return the size that a picture's attributes declare."""
    attributes = node.attributes
    return {name: value for name in ("width", "height") if (value := attributes.get(name))}


def _hidden(look: Look, kind: str) -> Look:
    return Look(kind_for_all=kind, kind_in_flow=kind, kind_of_placed=kind, is_visible=look.is_visible)
