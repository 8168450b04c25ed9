"""Parsed markup that knows which elements it does not contain: most searches can be skipped.

A selector is compiled and compared with every element. Which elements there are is known after one look at all of them,
and an attribute whose name does not stand in the source is nowhere, whatever the parser makes of the rest.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.html.marks import Marks, find_marks

NO_MARKS: Final[Marks] = frozenset()


class HtmlTree(LexborHTMLParser):
    """Names of elements are lower case ASCII; those of attributes are `marks` that are known."""

    def __init__(self, markup: str) -> None:
        super().__init__(markup)
        # Of all elements outside templates. No node is kept: each holds its tree, which would be a circle.
        self.element_names: Final = frozenset([node.tag for node in self.css("*")])

    @cached_property
    def marks(self) -> Marks:
        """What of the known marks stands in the source, in whatever case."""
        return find_marks(self.raw_html.lower())

    def may_have(self, tags: Iterable[str] = (), attributes: Marks = NO_MARKS) -> bool:
        """Whether there is one of these elements, or may be one of these attributes."""
        return not self.element_names.isdisjoint(tags) or not self.marks.isdisjoint(attributes)

    def find(self, selector: str, *tags: str, attributes: Marks = NO_MARKS) -> list[LexborNode]:
        """Select elements that are all called so, or all have one of the attributes."""
        return self.css(selector) if self.may_have(tags, attributes) else []

    def find_first(self, selector: str, *tags: str, attributes: Marks = NO_MARKS) -> LexborNode | None:
        """Select the first of them."""
        return self.css_first(selector) if self.may_have(tags, attributes) else None
