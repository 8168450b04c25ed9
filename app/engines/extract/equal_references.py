"""Limits equal references of one page: a page may link to one URL ten thousand times.

References are *equal* when they have address, kind, hiding and author in common; what is hidden is never equal to what
can be seen. The first `MAX_EQUAL` are kept, with their own DOM path, text and snippet, and the first of them says how
many more there are (`Reference.repeats`). So references and their repeats, added up, are what stands on the page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from app.domain.scan_facts import Reference

MAX_EQUAL: Final = 20  # somebody who mends a page searches it for the address after that many
_Key = tuple[str, str, str | None, bool]  # address, kind, hiding, whether the site marks it as a visitor's


@dataclass(slots=True)
class _Equal:
    """Equal references so far."""

    first: int  # index of the first in the list of all
    kept: int = 0
    more: int = 0


class EqualReferences:
    """Collects the references of one page, at most `limit` of them; those beyond are dropped, equal ones counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.overflowed = False  # some were dropped
        self._kept: dict[Reference, None] = {}  # in the order of the page
        self._groups: dict[_Key, _Equal] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Reference]:
        """Yield the kept ones in the order of the page, each with its repeats."""
        more = {group.first: group.more for group in self._groups.values() if group.more}
        for index, reference in enumerate(self._kept):
            yield replace(reference, repeats=more[index]) if index in more else reference

    def count(self, url: str, kind: str, hidden: str | None, rel: str) -> bool:
        """Count one more equal reference when enough are kept; False: there are not, and it is to be added."""
        return self._count(_key(url, kind, hidden, rel))

    def _count(self, key: _Key) -> bool:
        group = self._groups.get(key)
        if group is None or group.kept < MAX_EQUAL:
            return False
        group.more += 1
        return True

    def add(self, reference: Reference) -> None:
        """Keep a reference, or count it."""
        key = _key(reference.url, reference.kind, reference.hidden, reference.rel)
        if self._count(key):
            return
        if reference in self._kept:  # nothing tells the two apart
            self._groups[key].more += 1
        elif len(self._kept) < self._limit:
            group = self._groups.setdefault(key, _Equal(first=len(self._kept)))
            group.kept += 1
            self._kept[reference] = None
        else:
            self.overflowed = True


def keep_few_equal(references: Iterable[Reference], *, limit: int) -> tuple[Reference, ...]:
    """Return the references of one page with their repeats, at most `limit`."""
    kept = EqualReferences(limit)
    for reference in references:
        kept.add(reference)
    return tuple(kept)


def _key(url: str, kind: str, hidden: str | None, rel: str) -> _Key:
    return url, kind, hidden, "ugc" in rel and "ugc" in rel.split()
