"""Speculation rules: what a page tells browsers to request before anybody goes there.

A `script` of the type `speculationrules` holds JSON (https://wicg.github.io/nav-speculation/): under `prefetch` and
`prerender` rules, of which some name their addresses under `urls`. Rules that choose among the links of the page
(`where`) name nothing that the page does not link to.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson
from selectolax.lexbor import LexborNode

MAX_RULES_CHARS: Final = 65_536
MAX_RULES: Final = 100  # of one kind
MAX_URLS: Final = 200  # of one rule
_TYPE: Final = "speculationrules"
_KINDS: Final = ("prefetch", "prerender")


def is_speculation(node: LexborNode) -> bool:
    """Whether a `script` element holds such rules."""
    return (node.attributes.get("type") or "").strip().lower() == _TYPE


def speculated_urls(code: str) -> Iterator[str]:
    """Yield the addresses as written; nothing of what is no JSON."""
    try:
        rules = orjson.loads(code[:MAX_RULES_CHARS])
    except orjson.JSONDecodeError:
        return
    for kind in _KINDS:
        for rule in islice(_items(rules, kind), MAX_RULES):
            yield from (url for url in islice(_items(rule, "urls"), MAX_URLS) if isinstance(url, str))


def _items(value: Any, name: str) -> Iterator[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, list):
        yield from found
