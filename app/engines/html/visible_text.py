"""Visible text of a page."""

from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.html.marks import marks
from app.engines.html.tree import HtmlTree

MAX_TEXT: Final = 100_000  # characters
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd",
        "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "marquee", "menu",
        "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "td", "textarea",
        "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_SILENT: Final = frozenset({"script", "style", "noembed", "noframes", "iframe", "title"})  # hold text and nothing else
_UNSEEN: Final = "noscript, svg, datalist, [hidden]"  # with everything inside
_HIDDEN: Final = marks(b"hidden")
_UNSEEN_TAGS: Final = ("noscript", "svg", "datalist")


def visible_text(tree: HtmlTree) -> str:
    """Text of a page without scripts and styles; one line per block, at most `MAX_TEXT` characters.

    Inline elements do not part words (`<b>六</b>合彩` reads 六合彩), those of different blocks stay apart.
    """
    body = tree.body
    if body is None:
        return ""
    unseen = elements_inside(tree.find(_UNSEEN, *_UNSEEN_TAGS, attributes=_HIDDEN))
    # What is silent holds nothing but its text, unless it is part of a formula; images are unseen as a whole.
    is_plain = "math" not in tree.element_names
    is_doubtful = False  # the last element, or one around it, is silent or unseen
    parts: list[str] = []
    length = 0
    previous: LexborNode | None = None  # the last text, when no block has begun since
    for node in body.traverse(include_text=True, skip_empty=True):
        tag = node.tag
        if tag != "-text":
            if previous is not None and tag in _BLOCKS:
                parts.append("\n")
                previous = None
            is_doubtful = tag in _SILENT or bool(unseen and node.mem_id in unseen) or not is_plain
            continue
        if is_doubtful:
            parent = node.parent
            if parent is None or parent.tag in _SILENT or parent.mem_id in unseen:
                continue
        text = node.text_content or ""
        parts.append(text if previous is None else _gap_after(previous) + text)
        previous, length = node, length + len(text)
        if length > 4 * MAX_TEXT:  # white space is folded below
            break
    return _fold_spaces("".join(parts))[:MAX_TEXT]


def elements_inside(nodes: Iterable[LexborNode]) -> frozenset[int]:
    """Memory ids of these elements and of all elements inside them."""
    found: set[int] = set()
    for node in nodes:
        if node.mem_id not in found:
            found.update(inner.mem_id for inner in node.css("*"))
            found.add(node.mem_id)
    return frozenset(found)


def _gap_after(text: LexborNode) -> str:
    """What parts a text from the next one, between which no block begins: the end of a block, white space, nothing."""
    gap = ""
    current: LexborNode | None = text
    while current is not None:
        following = current.next
        while following is not None and following.child is None:  # comments and empty elements show nothing
            if following.tag == "-text":
                if not (following.text_content or "").isspace():
                    return gap
                gap = " "
            following = following.next
        if following is not None:
            return gap
        current = current.parent
        if current is not None and current.tag in _BLOCKS:
            return "\n"
    return gap


def _fold_spaces(text: str) -> str:
    """Runs of white space as one blank, or as one line break where they hold one; none at the ends."""
    return "\n".join(filter(None, map(" ".join, map(str.split, text.split("\n")))))
