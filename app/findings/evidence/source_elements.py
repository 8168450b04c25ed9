"""The element of a page's source in which a reference is written, and the one around it that hides it. Pure.

Only tags near the reference are read, each of them once: the page decides what stands there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final

NEAR: Final = 600  # characters on each side of a reference in which its element begins and ends
# Only a quote behind `=` opens a value, as browsers read it. A comment that is not closed here goes on to the end.
_TOKEN: Final = re.compile(
    r"""<!--(?s:.*?)(?:-->|\Z)|<(/?)([A-Za-z][^\s/<>]*+)((?:=\s*+(?:"[^"]*+"|'[^']*+')|[^<>])*+)>"""
)
_STYLE: Final = re.compile(r"""(?<![^\s"'/])style\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""", re.IGNORECASE)
_QUOTED: Final = re.compile(r""""[^"]*+"|'[^']*+'""")
_HIDDEN: Final = re.compile(r"(?<![^\s/])hidden(?![^\s=/])", re.IGNORECASE)
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_ENDED_BY_THE_NEXT: Final = frozenset({"a", "p", "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody"})
# What a style attribute must say to hide in each of the ways of `engines.extract.hidden_elements`.
_SAYS: Final = {
    kind: re.compile(rf"(?:\A|;)\s*+(?:{said})", re.IGNORECASE)
    for kind, said in {
        "display_none": r"display\s*+:\s*+none",
        "content_hidden": r"content-visibility\s*+:\s*+hidden",
        "visibility_hidden": r"visibility\s*+:\s*+(?:hidden|collapse)",
        "opacity_zero": r"opacity\s*+:\s*+[0.]+|filter\s*+:",
        "off_screen": r"left|right|top|bottom|inset|margin|(?:-\w++-)?transform|translate",
        "zero_font": r"font",
        "tiny_box": r"(?:max-)?(?:width|height)",
        "cut_away": r"clip|(?:-\w++-)?(?:clip-path|transform)|scale",
        "clipped": r"overflow",
        "same_colour": r"color|background",
        "transparent_text": r"color|-webkit-text-fill-color",
        "text_indent": r"text-indent",
    }.items()
}
_IS_HIDDEN_IN: Final = {"marquee": "marquee", "closed_details": "details"}  # kind -> element


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to but not including `end`, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Tag(Span):
    """`name` is "" for a comment."""

    name: str
    is_end: bool
    attributes: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a reference in the source.

    `element` has it in its start tag, or is the comment with it; without either it is the reference itself. `hider`:
    start tag, and end tag if that is near, of the element around it whose own attributes hide it; empty: none does.
    `borders`: where tags begin and end, in order.
    """

    element: Span
    hider: Sequence[Span]
    borders: Sequence[int]

    @property
    def marked(self) -> Sequence[Span]:
        """The parts to be seen, in order."""
        return (*self.hider[:1], self.element, *self.hider[1:])


def surroundings_of(source: str, place: Span, hidden: str | None) -> Surroundings:
    """Return what stands around a reference at `place`. `hidden`: how it is hidden, None if it is not."""
    tags = list(_tags(source, max(0, place.start - NEAR), place.end + NEAR))
    borders = [border for tag in tags for border in (tag.start, tag.end)]
    index = next((number for number, tag in enumerate(tags) if tag.start <= place.start < tag.end), None)
    if index is None or place.end > tags[index].end:
        return Surroundings(place, (), borders)
    tag, end = tags[index], _end_tag(tags, index)
    element = Span(tag.start, tag.end if end is None else end.end)
    hiding = None if hidden is None else _hider(tags, index, hidden)
    if hiding is None:
        return Surroundings(element, (), borders)
    ends = _end_tag(tags, hiding)
    is_whole = ends is not None and ends.start >= element.end
    return Surroundings(element, (tags[hiding], ends) if ends and is_whole else (tags[hiding],), borders)


def _tags(source: str, start: int, end: int) -> Iterator[_Tag]:
    for found in _TOKEN.finditer(source, start, end):
        if found[2] is not None:
            yield _Tag(found.start(), found.end(), found[2].lower(), is_end=bool(found[1]), attributes=found[3])
        elif found[0].endswith("-->"):
            yield _Tag(found.start(), found.end(), "", is_end=False, attributes="")


def _end_tag(tags: Sequence[_Tag], index: int) -> _Tag | None:
    """Return the end tag that belongs to a start tag; None: it has none, or not near."""
    tag, depth = tags[index], 0
    if not tag.name or tag.name in _VOID:
        return None
    for other in tags[index + 1 :]:
        if other.name != tag.name:
            continue
        if other.is_end and not depth:
            return other
        if not other.is_end and tag.name == "a":
            return None
        depth += -1 if other.is_end else 1
    return None


def _hider(tags: Sequence[_Tag], index: int, kind: str) -> int | None:
    """Return which element around this one hides it; None: it does so itself, or a style sheet or script does."""
    if _hides(tags[index], kind):
        return None
    ended: Counter[str] = Counter()
    around = {tags[index].name}
    for number in range(index - 1, -1, -1):
        tag = tags[number]
        if tag.is_end:
            ended[tag.name] += 1
        elif ended[tag.name]:
            ended[tag.name] -= 1
        elif tag.name in _VOID or (tag.name in _ENDED_BY_THE_NEXT and tag.name in around):
            continue
        elif _hides(tag, kind):
            return number
        else:
            around.add(tag.name)
    return None


def _hides(tag: _Tag, kind: str) -> bool:
    if tag.name == _IS_HIDDEN_IN.get(kind):
        return True
    if kind == "display_none" and _HIDDEN.search(_QUOTED.sub("", tag.attributes)):
        return True
    says, style = _SAYS.get(kind), _STYLE.search(tag.attributes)
    return says is not None and style is not None and says.search(unescape(style[1].strip("\"'"))) is not None
