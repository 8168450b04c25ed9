"""Known looks for a scan: from the decisions in the database, which every worker reaches."""

from collections.abc import Sequence

from app.core.db import Database, DatabaseUnavailable
from app.domain.page_looks import MAX_KNOWN, KnownLook, PageLook
from app.domain.violations import ViolationKey
from app.engines.pipeline.analysis.appearance_index import LooksUnavailable
from app.findings.queries import decisions
from app.scans.queries import tasks


class StoredLooks:
    """Of all users of the deployment."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, task_id: str) -> Sequence[KnownLook]:
        """Return those that the scan compares with; see `engines.pipeline.analysis.appearance_index.LoadLooks`."""
        try:
            rows, task = await self._db.read(
                lambda c: (decisions.looks(c, limit=MAX_KNOWN), tasks.find(c, task_id)),
            )
        except DatabaseUnavailable as error:
            raise LooksUnavailable from error
        user_id = None if task is None else task.user_id
        return [
            KnownLook(look, ViolationKey(row.cause), row.domain, row.user_id == user_id, row.icon or "")
            for row in rows
            if (look := PageLook.parse(row.look or "")) is not None or row.icon
        ]
