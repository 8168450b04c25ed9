"""URLs in style sheets: `url()`, `@import` and the strings of `image-set()`.

tinycss2 reads a whole sheet at some 2 MB/s. So it gets only the few characters around each place that a cheap search
found; sheets that write the words themselves with escapes are rare, and are read whole.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import tinycss2  # type: ignore[import-untyped]  # ships no types
from tinycss2.ast import Node  # type: ignore[import-untyped]  # ships no types

from app.domain.scan_facts import Reference, Relation
from app.engines.extract.css_depth import limit_css_depth
from app.engines.extract.equal_references import keep_few_equal
from app.engines.urls import resolve

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_PLACE: Final = re.compile(r"(?<![\w\-])(?:src|url)\(|@import\s*[\"']|(?:-webkit-)?image-set\(", re.IGNORECASE)
_QUOTE: Final = re.compile(r"\s{0,100}+([\"'])")
_IMPORT_BEFORE: Final = re.compile(r"@import\s*$", re.IGNORECASE)
_MAX_VALUE: Final = 4_096  # characters of one url(); longer ones are data: URLs
_MAX_WHOLE: Final = 100_000  # characters that are read whole; 50 ms
_MAX_URLS: Final = 5_000  # of one sheet
_SNIPPET: Final = 200


def extract_css(text: str, *, url: str) -> tuple[Reference, ...]:
    """Return the references of a sheet that was fetched from `url`, which also is their `page_url`. Never raises."""
    found = (
        Reference(page_url=url, url=target, raw=raw, relation=Relation.EMBED, kind=f"css:{kind}", snippet=snippet)
        for kind, raw, snippet in find_css_urls(text)
        if (target := resolve(url, raw)) is not None
    )
    return keep_few_equal(found, limit=_MAX_URLS)


def find_css_urls(text: str) -> tuple[tuple[str, str, str], ...]:
    """Return (kind, URL as written, snippet) of a sheet, style block or style attribute; kind is "url" or "import"."""
    return _find(text) if len(text) <= _MAX_WHOLE else tuple(_scan(text))


@lru_cache(maxsize=256)  # a site repeats its style blocks on every page; at most 25 MB
def _find(text: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(_scan(text))


def _scan(text: str) -> Iterator[tuple[str, str, str]]:
    if "/*" in text:
        text = _COMMENT.sub(" ", text)
    if "\\" in text and len(text) <= _MAX_WHOLE:
        yield from _walk(tinycss2.parse_component_value_list(limit_css_depth(text)), imported=False)
        return
    done = 0  # up to here a value was read; an image-set() holds url() of its own
    for count, match in enumerate(_PLACE.finditer(text)):
        if count >= _MAX_URLS:
            return
        if match.start() >= done:
            done = _end_of_value(text, match)
            yield from _read(text, match, done)


def _read(text: str, match: re.Match[str], end: int) -> Iterator[tuple[str, str, str]]:
    """Read what stands at one place that looked like a URL."""
    start = match.start()
    snippet = " ".join(text[max(0, start - _SNIPPET // 2) : start + _SNIPPET // 2].split())
    imported = match[0].startswith("@") or bool(_IMPORT_BEFORE.search(text[max(0, start - 20) : start]))
    value = text[match.end() - 1 if match[0].startswith("@") else start : end]
    for kind, raw, _ in _walk(tinycss2.parse_component_value_list(limit_css_depth(value)), imported=imported):
        yield kind, raw, snippet


def _end_of_value(text: str, match: re.Match[str]) -> int:
    """Return the index after the string or the function that starts at the place; at most `_MAX_VALUE` away."""
    limit = min(len(text), match.start() + _MAX_VALUE)
    if match[0][-1] in "\"'":
        return _after(text, match[0][-1], match.end(), limit)
    if "image-set" in match[0].lower():
        return _after(text, ";", match.end(), limit)
    if quoted := _QUOTE.match(text, match.end()):
        return _after(text, ")", _after(text, quoted[1], quoted.end(), limit), limit)
    return _after(text, ")", match.end(), limit)


def _after(text: str, mark: str, start: int, limit: int) -> int:
    found = text.find(mark, start, limit)
    return found + 1 if found >= 0 else limit


def _walk(nodes: Iterable[Node], *, imported: bool) -> Iterator[tuple[str, str, str]]:
    """Yield URL tokens, and strings where strings are URLs, also of nested blocks."""
    for node in nodes:
        if node.type == "at-keyword":
            imported = node.lower_value == "import"
        elif node.type == "url" or (node.type == "string" and imported):
            yield "import" if imported else "url", node.value, node.serialize()[:_SNIPPET]
            imported = False
        elif node.type == "function":
            yield from _walk_function(node, imported=imported)
            imported = False
        elif node.type in {"{} block", "() block", "[] block"}:
            yield from _walk(node.content, imported=False)


def _walk_function(node: Node, *, imported: bool) -> Iterator[tuple[str, str, str]]:
    name = node.lower_name
    if name in {"url", "src", "image-set", "-webkit-image-set", "image"}:
        for argument in node.arguments:
            if argument.type == "string":
                yield "import" if imported else "url", argument.value, node.serialize()[:_SNIPPET]
    yield from _walk([argument for argument in node.arguments if argument.type != "string"], imported=False)
