"""What matching a selector may cost. The parser tries every ancestor for every blank and every sibling for every `~`,
again and again: three blanks on a tree that is a thousand deep take two minutes.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import comb
from typing import Final

from selectolax.lexbor import LexborNode

MAX_STEPS: Final = 30_000_000  # of one selector: 0.1 s
MAX_LENGTH: Final = 500  # characters
_MAX_NESTING: Final = 2  # `:not(:is(a))`
_MAX_PSEUDO: Final = 8  # functions in one selector
_DESCENDANT: Final = re.compile(r"[^\s>+~,(]\s++(?![\s>+~,)])")
_FUNCTION: Final = re.compile(r":[a-z\-]{2,20}\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TreeSize:
    """What of a tree decides about the price of a selector."""

    nodes: int
    depth: int
    siblings: int

    @classmethod
    def of(cls, nodes: Iterable[LexborNode]) -> "TreeSize":
        """Measure a tree; `nodes` are all its elements, in document order."""
        depths: dict[int, int] = {}
        siblings: Counter[int] = Counter()
        for node in nodes:
            parent = node.parent
            key = 0 if parent is None else parent.mem_id
            depths[node.mem_id] = depths.get(key, 0) + 1
            siblings[key] += 1
        return cls(len(depths), max(depths.values(), default=0), max(siblings.values(), default=0))

    def allows(self, selector: str) -> bool:
        """Whether the selector is matched in time on such a tree, whatever its parts are."""
        if len(selector) > MAX_LENGTH or _nesting(selector) > _MAX_NESTING:
            return False
        functions = len(_FUNCTION.findall(selector))
        if functions > _MAX_PSEUDO:
            return False
        steps = self.nodes * comb(self.depth, len(_DESCENDANT.findall(selector)))
        steps *= comb(self.siblings, selector.count("~"))
        # Inside `:has()` and its like everything below, or beside, is looked through for every element.
        inner = selector.lower().count(":has(") + selector.lower().count(":nth-")
        return bool(steps * self.nodes**inner <= MAX_STEPS)


def _nesting(selector: str) -> int:
    depth = deepest = 0
    for character in selector:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest
