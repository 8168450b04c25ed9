"""A document that a host sent: decoded once and parsed once. Whatever looks at markup looks at this."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final, Self

from selectolax.lexbor import LexborNode

from app.engines.html.charset import decode
from app.engines.html.marks import Marks
from app.engines.html.parser_limits import limit_attributes, split_nesting
from app.engines.html.tree import NO_MARKS, HtmlTree
from app.engines.html.visible_text import MAX_TEXT, elements_inside, visible_text
from app.engines.html.xml import as_html, is_xml
from app.engines.urls import resolve

MAX_TITLE: Final = 500  # characters

# Without scripts, styles and comments inside: their text may hold anything, also half a tag.
_NOSCRIPT: Final = re.compile(
    r"<noscript\b[^<>]*>((?:(?!<!--|</?script|</?style|</?noscript).)*)</noscript\s*>", re.IGNORECASE | re.DOTALL
)
_BODY: Final = re.compile(r"<body\b", re.IGNORECASE)


class HtmlDocument:
    """The parsed markup of one page. Never raises, whatever the markup is.

    What nests deeper than browsers nest is parsed as further documents: `trees` has them in their order, and nearly
    always just one.
    """

    def __init__(self, text: str, *, charset: str = "utf-8", content_type: str = "") -> None:
        """`text` is decoded. The content type only tells XML from HTML."""
        self.charset = charset
        # The text as it came when it is XML, else "".
        self.xml = text if is_xml(content_type, text) else ""
        # `head_noscripts` is the markup inside the `noscript` elements of the head.
        self.markup, self.head_noscripts = take_head_noscript(limit_attributes(as_html(text) if self.xml else text))
        self.pieces = split_nesting(self.markup)
        self.trees = [HtmlTree(piece) for piece in self.pieces]

    @classmethod
    def decode(cls, body: bytes, content_type: str) -> Self:
        """The document in a body, with the header's value or ""."""
        text, charset = decode(body, content_type)
        return cls(text, charset=charset, content_type=content_type)

    @cached_property
    def marks(self) -> Marks:
        """What of the known marks stands in the markup, in whatever case."""
        return self.trees[0].marks.union(*(tree.marks for tree in self.trees[1:]))

    def select(self, selector: str, *tags: str, attributes: Marks = NO_MARKS) -> Iterator[LexborNode]:
        """The elements that a CSS selector selects, in document order. When tags or attributes are given, all of them
        have one of these (`HtmlTree`).
        """
        for tree in self.trees:
            yield from tree.find(selector, *tags, attributes=attributes) if tags or attributes else tree.css(selector)

    @cached_property
    def title(self) -> str:
        """One line, at most `MAX_TITLE` characters."""
        for tree in self.trees:
            node = _title_of(tree)
            if node is not None and (title := " ".join(node.text().split())):
                return title[:MAX_TITLE]
        return ""

    @cached_property
    def visible_text(self) -> str:
        """What a visitor can read: a line per block, at most `visible_text.MAX_TEXT` characters."""
        texts: list[str] = []
        length = 0
        for tree in self.trees:
            texts.append(visible_text(tree))
            length += len(texts[-1])
            if length >= MAX_TEXT:
                break
        return "\n".join(filter(None, texts))[:MAX_TEXT]

    @cached_property
    def inactive(self) -> frozenset[int]:
        """Memory ids of what stands inside `noscript`: a browser that runs scripts takes it as plain text."""
        return frozenset().union(*(elements_inside(tree.find("noscript", "noscript")) for tree in self.trees))

    def base_url(self, url: str) -> str:
        """What relative URLs resolve against: the first `base[href]`, itself relative to the page's URL; the page's URL
        if there is none.

        A base is not cut, however long it is: links would lead to other pages than in a browser.
        """
        return (self._base is not None and resolve(url, self._base)) or url

    @cached_property
    def _base(self) -> str | None:
        """What the first `base[href]` says; None: there is none."""
        node = self.trees[0].find_first("base[href]", "base")
        return None if node is None else node.attributes.get("href") or ""


def _title_of(tree: HtmlTree) -> LexborNode | None:
    """Return the element that gives the document its title: that of the head, else the first of all."""
    if "title" not in tree.element_names:
        return None
    for node in tree.head.iter() if tree.head is not None else ():
        if node.tag == "title":
            return node
    return tree.css_first("title")


def take_head_noscript(source: str) -> tuple[str, list[str]]:
    """(The source without the `noscript` blocks that stand before `<body>`, the markup inside these blocks).

    A browser that runs scripts takes the content as plain text. Our parser runs none, and by the standard it then
    moves what may not stand in a head, such as a tracking pixel, into the body, where it would look active.
    """
    if "noscript" not in source and "NOSCRIPT" not in source:
        return source, []
    body = _BODY.search(source)
    end = body.start() if body else len(source)
    head = source[:end]
    blocks = _NOSCRIPT.findall(head)
    return (_NOSCRIPT.sub("", head) + source[end:], blocks) if blocks else (source, [])
