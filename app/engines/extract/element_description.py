"""Location and appearance of an element: DOM path, snippet and text, so that people can find it."""

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

MAX_TEXT: Final = 200  # characters of snippets and anchor texts
_MAX_PATH: Final = 60  # elements; deeper ones show the innermost
_MAX_NODES: Final = 500
_MAX_VALUE: Final = 120  # characters of one attribute in a snippet
_UNIQUE: Final = frozenset({"html", "head", "body"})
# Names that a selector takes as they are. Any other is "*": a page may make them as long as itself, and the paths of
# thousands of links as long as sixty of them each.
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")


@dataclass(slots=True)
class DomPaths:
    """Makes DOM paths of one tree, "html > body > div:nth-child(3) > a". Remembers what it has counted."""

    _positions: dict[int, int] = field(default_factory=dict)  # element -> 1-based position among its siblings
    _paths: dict[int, str] = field(default_factory=dict)

    def of(self, node: LexborNode) -> str:
        """Return a CSS selector that finds the element; of very deep ones only the innermost part."""
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
        if tag in _UNIQUE:
            return tag
        name = tag if _PLAIN_NAME.fullmatch(tag) else "*"
        return f"{name}:nth-child({self._position(node)})"

    def _position(self, node: LexborNode) -> int:
        key = node.mem_id
        if key not in self._positions:
            self._count(node)
        return self._positions.get(key, 1)

    def _count(self, node: LexborNode) -> None:
        position = 0
        for sibling in node.parent.iter() if node.parent is not None else (node,):
            if sibling.tag != "-comment":
                position += 1
                self._positions[sibling.mem_id] = position


def snippet_of(node: LexborNode, attributes: dict[str, str | None], text: str) -> str:
    """Return the element's start tag and text, at most 200 characters."""
    shown = "".join(f' {name}="{value[:_MAX_VALUE]}"' if value else f" {name}" for name, value in attributes.items())
    return f"<{node.tag}{shown}>{text}"[:MAX_TEXT]


def text_of(node: LexborNode) -> str:
    """Return the text of an element, its label, title or its image's alternative text; at most 200 characters.

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
    if text := collapse_whitespace("".join(parts)):
        return text
    attributes = node.attributes
    return collapse_whitespace(
        attributes.get("aria-label") or attributes.get("title") or attributes.get("alt") or alternative
    )


def collapse_whitespace(text: str) -> str:
    """Collapse white space, and keep at most 200 characters."""
    return " ".join(text[: 20 * MAX_TEXT].split())[:MAX_TEXT]
