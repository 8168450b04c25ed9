"""Which versions of lists go: those that no scan can have begun with, and those beyond a number."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from app.core.db import Database
from app.lists import queries

MAX_KEPT: Final = 12  # superseded versions of a list; a scan of twelve hours and a list that changes every hour
GRACE: Final = timedelta(minutes=10)  # a scan that is just beginning has read what is in effect, and nothing yet of it


async def remove_old(db: Database, now: datetime) -> set[str]:
    """Remove versions that are in effect no more and that nobody needs; return the hashes of all files that stay."""
    oldest = await db.read(queries.oldest_begun)
    rows = await db.read(queries.superseded)
    ids = to_remove(rows, needed_since=min(oldest or now, now - GRACE))
    if ids:
        await db.write(partial(queries.remove, ids=ids))
    return await db.read(queries.files)


def to_remove(rows: Sequence[Row[Any]], *, needed_since: datetime) -> list[str]:
    """Return ids. `rows`: key, id and end of superseded versions, the latest first."""
    seen: Counter[str] = Counter()
    ids = []
    for row in rows:
        seen[row.list_key] += 1
        if row.superseded_at < needed_since or seen[row.list_key] > MAX_KEPT:
            ids.append(row.id)
    return ids
