"""Where an element stands and what it shows: DOM path, snippet and text for people who look for it again."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

MAX_TEXT: Final = 200  # characters of snippets and anchor texts
_MAX_PATH: Final = 60  # elements; deeper ones show the innermost
_MAX_NODES: Final = 500
_MAX_VALUE: Final = 120  # characters of one attribute in a snippet
_UNIQUE: Final = frozenset({"html", "head", "body"})


@dataclass(slots=True)
class Paths:
    """DOM paths of one tree, "html > body > div:nth-child(3) > a". Remembers what it has counted."""

    _positions: dict[int, int] = field(default_factory=dict)  # element -> 1-based position among its siblings
    _paths: dict[int, str] = field(default_factory=dict)

    def of(self, node: LexborNode) -> str:
        """A CSS selector that finds the element; of very deep ones only the innermost part."""
        way: list[LexborNode] = []
        current: LexborNode | None = node
        base = ""
        while current is not None and current.tag != "-document" and len(way) < _MAX_PATH:
            if (known := self._paths.get(current.mem_id)) is not None:
                base = known
                break
            way.append(current)
            current = current.parent
        for element in reversed(way):
            base = f"{base} > {self._step(element)}" if base else self._step(element)
            self._paths[element.mem_id] = base
        return base

    def _step(self, node: LexborNode) -> str:
        tag = node.tag or ""
        return tag if tag in _UNIQUE else f"{tag}:nth-child({self._position(node)})"

    def _position(self, node: LexborNode) -> int:
        key = node.mem_id
        if key not in self._positions:
            siblings = node.parent.iter() if node.parent is not None else (node,)
            for position, sibling in enumerate(siblings, start=1):
                self._positions[sibling.mem_id] = position
        return self._positions.get(key, 1)


def snippet_of(node: LexborNode, attributes: dict[str, str | None], text: str) -> str:
    """The element's start tag and text, at most 200 characters."""
    shown = "".join(f' {name}="{value[:_MAX_VALUE]}"' if value else f" {name}" for name, value in attributes.items())
    return f"<{node.tag}{shown}>{text}"[:MAX_TEXT]


def text_of(node: LexborNode) -> str:
    """Text of an element, or its label, title or its image's alternative text. At most 200 characters.

    Looks at the first 500 nodes inside only: an element that is never closed holds the rest of the page.
    """
    parts: list[str] = []
    alternative = ""
    length = 0
    for inner in islice(node.traverse(include_text=True), _MAX_NODES):
        if inner.tag == "-text":
            parts.append(inner.text_content or "")
            length += len(parts[-1])
        elif inner.tag == "img":
            alternative = alternative or inner.attributes.get("alt") or ""
        if length > 10 * MAX_TEXT:
            break
    if text := squeeze("".join(parts)):
        return text
    attributes = node.attributes
    return squeeze(attributes.get("aria-label") or attributes.get("title") or attributes.get("alt") or alternative)


def squeeze(text: str) -> str:
    """White space collapsed, at most 200 characters."""
    return " ".join(text[: 20 * MAX_TEXT].split())[:MAX_TEXT]
