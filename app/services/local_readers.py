"""The local reader as its administrators see it: learnt into a version, reported, switched on, and taken back."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.domain.local_reading import MAX_MODEL_BYTES, DecidedPage, LearntModel, ModelFault, StoredModel
from app.repositories import local_readers
from app.services.audit import AuditTrail
from app.services.decided_pages import DecidedPageReader

Learn = Callable[[Sequence[DecidedPage]], LearntModel]
FindFault = Callable[[StoredModel], ModelFault | None]


class Refusal(StrEnum):
    """Why nothing was done."""

    NO_VERSION = "no_version"
    UNREPORTED = "unreported"  # nobody has seen its report
    UNUSABLE = "unusable"
    TOO_LARGE = "too_large"


class ReaderRefused(Exception):
    """`fault` says why a version cannot be used."""

    def __init__(self, refusal: Refusal, fault: ModelFault | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalReaderService:
    """For administrators of the machine: the command line sees to it."""

    db: Database
    clock: Clock
    audit: AuditTrail
    pages: DecidedPageReader
    learn: Learn
    find_fault: FindFault

    async def train(self) -> int:
        """Learn a new version from what people decided, and return its number. It is not switched on.

        Raises what `pages` and `learn` raise; ReaderRefused: the model is larger than any may be.
        """
        found = await asyncio.to_thread(self.pages.read)
        learnt = await asyncio.to_thread(self.learn, found.pages)
        if len(learnt.data) > MAX_MODEL_BYTES:
            raise ReaderRefused(Refusal.TOO_LARGE)
        report = {**learnt.report, "left_out": dict(found.left_out)}
        values = {
            "made_at": self.clock.now(),
            "data": learnt.data,
            "sha256": hashlib.sha256(learnt.data).hexdigest(),
            "report": report,
        }
        version = await self.db.write(lambda connection: local_readers.add(connection, values))
        self._record("reader.train", {"version": version, "sha256": values["sha256"]})
        return version

    async def report(self, version: int | None) -> Row[Any]:
        """Return a version (None: the newest) as somebody is shown it: from now on it may be switched on.

        Raises ReaderRefused.
        """
        at = self.clock.now()

        def work(connection: Connection) -> Row[Any]:
            rows = local_readers.list_all(connection)
            row = next((row for row in rows if version in (None, row.version)), None)
            if row is None:
                raise ReaderRefused(Refusal.NO_VERSION)
            local_readers.note_reported(connection, row.version, at)
            return row

        return await self.db.write(work)

    async def enable(self, version: int) -> None:
        """Switch a version on for scans that begin from now on, and whatever was on off. Raises ReaderRefused."""
        row = await self.db.read(lambda connection: local_readers.find(connection, version))
        if row is None:
            raise ReaderRefused(Refusal.NO_VERSION)
        if row.reported_at is None:
            raise ReaderRefused(Refusal.UNREPORTED)
        fault = await asyncio.to_thread(self.find_fault, StoredModel(row.version, row.data, row.sha256))
        if fault is not None:
            raise ReaderRefused(Refusal.UNUSABLE, fault)
        at = self.clock.now()
        await self.db.write(lambda connection: local_readers.enable(connection, version, at))
        self._record("reader.enable", {"version": version, "sha256": row.sha256})

    async def disable(self) -> int | None:
        """Switch off what is on, and return its version; None: nothing was."""

        def work(connection: Connection) -> int | None:
            row = local_readers.find_enabled(connection)
            local_readers.disable(connection)
            return None if row is None else int(row.version)

        version = await self.db.write(work)
        if version is not None:
            self._record("reader.disable", {"version": version})
        return version

    async def list_all(self) -> Sequence[Row[Any]]:
        """Return all versions that are kept, the newest first, without their data."""
        return await self.db.read(local_readers.list_all)

    def _record(self, action: str, detail: Mapping[str, Any]) -> None:
        self.audit.record(action, detail=detail)
