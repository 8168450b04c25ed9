"""The style sheets of one page in the order in which they apply: linked, written into the page, written by scripts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.css_rules import media_applies
from app.engines.extract.css_values import TRANSPARENT, WHITE, Colour, colour_of
from app.engines.extract.scripted_hiding import written_sheets
from app.engines.extract.style_sheet import StyleSheet, sheet_of
from app.engines.html.tree import HtmlTree
from app.engines.urls import resolve

MAX_LINKED: Final = 20  # sheets that one page names; real ones name three to ten
_MAX_BLOCKS: Final = 200
_MAX_VARIABLES: Final = 300  # custom properties that are looked at for colours
_MAX_TEXT: Final = 600_000  # characters of all blocks of a page: 0.3 s
_MAX_URL: Final = 8_192  # characters
_NONE: Final[Mapping[str, Sequence[StyleSheet]]] = {}


@dataclass(frozen=True, slots=True)
class PageStyles:
    """Immutable."""

    sheets: Sequence[StyleSheet] = ()  # in order: of rules that weigh the same the later wins
    # Whether every sheet that the page names is among them. If not, elements may have colours that nobody here knows.
    complete: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)  # custom properties
    grounds: Sequence[Colour] = (WHITE,)  # colours that backgrounds may have

    @classmethod
    def of(
        cls,
        trees: Sequence[HtmlTree],
        base_url: str,
        known: Mapping[str, Sequence[StyleSheet]] = _NONE,
    ) -> "PageStyles":
        """Gather the sheets of a page. `known`: those at hand by URL, each after those that it imports."""
        sheets: list[StyleSheet] = []
        complete, left = True, _MAX_TEXT
        for node in _style_elements(trees):
            if node.tag == "style":
                text = node.text()
                if (left := left - len(text)) < 0:
                    complete = False
                else:
                    sheets.append(sheet_of(text))
            elif (url := _url_of(node, base_url)) in known:
                sheets += known[url]
            else:
                complete = False
        for tree in trees:
            sheets += map(sheet_of, written_sheets(tree))
        variables = {name: value for sheet in sheets for name, value in sheet.variables.items()}
        sheets = [sheet for sheet in sheets if sheet.hiding or sheet.others]
        return cls(sheets, complete, variables, _grounds(sheets, variables))


def _grounds(sheets: Sequence[StyleSheet], variables: Mapping[str, str]) -> Sequence[Colour]:
    """Return the colours of all backgrounds, those that are custom properties included."""
    found = {WHITE, *(ground for sheet in sheets for ground in sheet.grounds)}
    for value in islice(variables.values(), _MAX_VARIABLES):
        if (colour := colour_of(value)) is not None and colour != TRANSPARENT:
            found.add(colour)
    return tuple(found)


def linked_sheets(trees: Sequence[HtmlTree], base_url: str) -> list[str]:
    """Return the URLs of the style sheets that apply to a screen, at most `MAX_LINKED`."""
    urls = dict.fromkeys(_url_of(node, base_url) for node in _style_elements(trees) if node.tag == "link")
    return [url for url in urls if url][:MAX_LINKED]


def _url_of(link: LexborNode, base_url: str) -> str:
    """Return the URL without its fragment, "" for none."""
    href = (link.attributes.get("href") or "")[:_MAX_URL]
    return (resolve(base_url, href) or "").partition("#")[0] if href else ""


def _style_elements(trees: Sequence[HtmlTree]) -> Iterator[LexborNode]:
    count = 0
    for tree in trees:
        for node in tree.find("style, link[rel]", "style", "link"):
            if count >= _MAX_BLOCKS:
                return
            if _applies(node):
                count += 1
                yield node


def _applies(node: LexborNode) -> bool:
    if node.parent is not None and node.parent.tag == "noscript":
        return False
    attributes = node.attributes
    if node.tag == "link":
        words = (attributes.get("rel") or "")[:200].lower().split()
        if "stylesheet" not in words or "alternate" in words or "disabled" in attributes:
            return False
    return media_applies(attributes.get("media") or "")
