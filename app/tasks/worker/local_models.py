"""Versions of the local classifier for a scan: from the database, which every worker reaches."""

from collections.abc import Callable, Mapping

from app.configuration import in_effect
from app.core.db import Database, DatabaseUnavailable
from app.domain.local_reading import ModelFault, StoredModel
from app.engines.local_reader.model import UnusableModel


class StoredModels:
    """Fulfils `engines.local_reader.opening.ModelSource`."""

    def __init__(self, db: Database, count: Callable[[Mapping[str, int]], None] = lambda _: None) -> None:
        """`count` is told how many pages of the scan were read, by effect."""
        self._db = db
        self._count = count

    async def load(self, version: int | None) -> StoredModel | None:
        try:
            row = await self._db.read(
                lambda c: in_effect.find_enabled(c) if version is None else in_effect.find(c, version)
            )
        except DatabaseUnavailable as error:
            raise UnusableModel(ModelFault.UNAVAILABLE) from error
        return None if row is None else StoredModel(row.version, row.data, row.sha256)

    def count(self, effects: Mapping[str, int]) -> None:
        self._count(effects)
