"""A parsed piece of markup that says at once what is not in it: most pages have little of what is looked for.

A selector is compiled and compared with every element. Which elements there are is known after one look at all of them,
and an attribute whose name does not stand in the source is nowhere, whatever the parser makes of the rest.
"""

from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode


class HtmlTree(LexborHTMLParser):
    """Names are lower case ASCII: of elements as text, of attributes as bytes (`b"hidden"`)."""

    def __init__(self, markup: str) -> None:
        super().__init__(markup)
        self._source = self.raw_html.lower()
        # Of all elements outside templates. No node is kept: each holds its tree, which would be a circle.
        self.element_names: Final = frozenset([node.tag for node in self.css("*")])

    def may_have(self, tags: Iterable[str] = (), attributes: Iterable[bytes] = ()) -> bool:
        """Whether there is one of these elements, or may be one of these attributes."""
        if not self.element_names.isdisjoint(tags):
            return True
        source = self._source
        for name in attributes:  # noqa: SIM110 - a generator costs as much as what it asks
            if name in source:
                return True
        return False

    def find(self, selector: str, *tags: str, attributes: Iterable[bytes] = ()) -> list[LexborNode]:
        """Select elements that are all called so, or all have one of the attributes."""
        return self.css(selector) if self.may_have(tags, attributes) else []

    def find_first(self, selector: str, *tags: str, attributes: Iterable[bytes] = ()) -> LexborNode | None:
        """Select the first of them."""
        return self.css_first(selector) if self.may_have(tags, attributes) else None
