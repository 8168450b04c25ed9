"""The queries of `reader` and `evidence_reader` in PostgreSQL's words, over the rows of one store.

They are written for tables of one run. Here a prefix gives the rows of one store the tables' names; the planner looks
through it, so that every index begins with the store.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from app.scanstore.postgres.characters import storable
from app.scanstore.schema import BARE_URL, LISTED, SOURCE_SHA256

TABLES: Final = (
    "hosts",
    "frontier",
    "pages",
    "hops",
    "refs",
    "third_parties",
    "captures",
    "checkpoints",
)
_BARE_URL: Final = "split_part(url, chr(63), 1)"
HASH: Final = "hashtextextended({}, 0)"  # of an address, as the indexes have it
_MARK: Final = re.compile(r"\?")
# Equality of addresses: an index has their hashes, which may be equal by chance.
_ADDRESS: Final = re.compile(r"\b((?:\w+\.)?(?:url|page_url|location)) = (%\(p\d+\)s|refs\.page_url|frontier\.url)")
_LIKE: Final = re.compile(r"\bLIKE\b")


def prefix(store: int) -> str:
    """Return what stands before a query, so that its tables are those of one store."""
    views = (f"{name} AS NOT MATERIALIZED (SELECT * FROM scan_{name} WHERE store = {int(store)})" for name in TABLES)
    return f"WITH {', '.join(views)} "


@lru_cache(maxsize=512)  # all there are, some of them made of filters
def translated(query: str) -> str:
    """Return the query with named parameters `p0`, `p1`, ..."""
    query = query.replace(LISTED, "= ANY(?)").replace(SOURCE_SHA256, "source_sha256").replace(BARE_URL, _BARE_URL)
    pieces = _MARK.split(query)
    query = pieces[0] + "".join(f"%(p{number})s{piece}" for number, piece in enumerate(pieces[1:]))
    query = _LIKE.sub("ILIKE", query)
    return _ADDRESS.sub(_compare_addresses, query)


def _compare_addresses(found: re.Match[str]) -> str:
    column, other = found.groups()
    return f"({HASH.format(column)} = {HASH.format(other)} AND {column} = {other})"


def named(parameters: Sequence[Any]) -> dict[str, Any]:
    """Return the values for `translated`; a tuple is a list."""
    return {f"p{number}": _parameter(value) for number, value in enumerate(parameters)}


def _parameter(value: Any) -> Any:
    return [storable(item) for item in value] if isinstance(value, tuple) else storable(value)
