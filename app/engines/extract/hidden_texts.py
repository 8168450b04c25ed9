"""Invisible texts of a page, block by block, without those of links to other sites: these are references."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.element_description import DomPaths
from app.engines.extract.hidden_elements import HiddenElements
from app.engines.html.document import HtmlDocument
from app.engines.html.own_page import OwnText
from app.engines.html.redirects import is_data_script
from app.engines.html.tree import HtmlTree

MAX_TEXT: Final = 20_000  # characters of one page that are looked at
MAX_NODES: Final = 20_000  # texts of one page
MAX_HANDLERS: Final = 200  # elements with code of their own that are looked at
_HANDLERS: Final = ("onload", "onerror", "onpageshow", "onmouseover", "ontouchstart", "onclick", "onanimationstart")
_HANDLED: Final = ", ".join(f"[{name}]" for name in _HANDLERS)
_LEADS: Final = ("location", "write", "eval", "createElement", "innerHTML", "insertAdjacent", "import(", "fetch(")
_ROOTS: Final = frozenset({"body", "html", "-document"})
_NO_TEXT: Final = frozenset({"script", "style", "title", "noscript", "template", "iframe", "textarea", "option"})


def hidden_texts(hidden: Sequence[HiddenElements]) -> list[OwnText]:
    """Return the hidden blocks of the trees in document order; what one element hides in one way is one block."""
    found: list[OwnText] = []
    left = MAX_TEXT
    for of_tree in hidden:
        for block in _blocks(of_tree):
            if left <= 0:
                return found
            found.append(OwnText(block.text[:left], block.dom_path, block.hidden))
            left -= len(block.text)
    return found


def seen_text(hidden: Sequence[HiddenElements]) -> str:
    """Return what a visitor reads of the trees, without what styles hide: a line per text."""
    found: list[str] = []
    for of_tree in hidden:
        texts = _texts(of_tree.tree)
        found += [node.text_content or "" for node, parent in texts if of_tree.kind_of_text(parent) is None]
    return "\n".join(filter(None, (" ".join(text.split()) for text in found)))


def inline_scripts(document: HtmlDocument) -> list[OwnText]:
    """Return the code of the inline scripts that a browser runs, and that of attributes which lead somewhere."""
    found: list[OwnText] = []
    for tree in document.trees:
        paths = DomPaths()
        found += [
            OwnText(node.text(), paths.of(node))
            for node in tree.css("script:not([src])")
            if not is_data_script(node) and node.mem_id not in document.inactive
        ]
        found += _handlers(tree, paths)
    return found


def _handlers(tree: HtmlTree, paths: DomPaths) -> Iterator[OwnText]:
    """Yield the code of attributes that runs without a script around it and leads or writes somewhere."""
    for node in islice(tree.css(_HANDLED), MAX_HANDLERS):
        for name in _HANDLERS:
            code = node.attributes.get(name) or ""
            if any(word in code for word in _LEADS):
                yield OwnText(code, paths.of(node))


def _blocks(hidden: HiddenElements) -> Iterator[OwnText]:
    body = hidden.tree.body
    if body is None:
        return
    paths = DomPaths()
    outermost = _Outermost(hidden)
    key, kind, texts, owner = 0, "", [""], body
    for node, parent in _texts(hidden.tree):
        found = hidden.kind_of_text(parent)
        if found is None or _is_foreign_link(parent):
            continue
        block = outermost.of(parent)
        if block.mem_id != key or found != kind:
            if key:
                yield OwnText(" ".join(" ".join(texts).split()), paths.of(owner), kind)
            key, kind, texts, owner = block.mem_id, found, [], block
        texts.append(node.text_content or "")
    if key:
        yield OwnText(" ".join(" ".join(texts).split()), paths.of(owner), kind)


def _texts(tree: HtmlTree) -> Iterator[tuple[LexborNode, LexborNode]]:
    """Yield the texts of the body, each with its element."""
    if tree.body is None:
        return
    for node in islice(tree.body.traverse(include_text=True, skip_empty=True), MAX_NODES):
        parent = node.parent
        if node.tag == "-text" and parent is not None and parent.tag not in _NO_TEXT:
            yield node, parent


class _Outermost:
    """Finds the outermost hidden element around one: the block that somebody hid. Remembers all on the way, for a page
    may nest hundreds of them around thousands of texts.
    """

    def __init__(self, hidden: HiddenElements) -> None:
        self._hidden = hidden
        self._known: dict[int, LexborNode] = {}

    def of(self, node: LexborNode) -> LexborNode:
        """`node` is hidden."""
        way = [node]
        block = node
        while (parent := way[-1].parent) is not None and parent.tag not in _ROOTS:
            if (known := self._known.get(parent.mem_id)) is not None:
                block = known
                break
            if self._hidden.kind_of_text(parent) is None:
                break
            way.append(parent)
            block = parent
        self._known.update((item.mem_id, block) for item in way)
        return block


def _is_foreign_link(node: LexborNode) -> bool:
    current: LexborNode | None = node
    for _ in range(4):
        if current is None:
            return False
        if current.tag == "a":
            return (current.attributes.get("href") or "").lstrip().lower().startswith(("http:", "https:", "//"))
        current = current.parent
    return False
