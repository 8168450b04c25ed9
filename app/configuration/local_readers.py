"""The local classifier as its administrators see it: learnt into a version, reported, switched on, and taken back."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Row

from app.configuration.queries import local_readers
from app.core.clock import Clock
from app.core.db import Database
from app.core.principal import Principal
from app.domain.local_reading import MAX_MODEL_BYTES, DecidedPage, LearntModel, ModelFault, StoredModel
from app.identity.audit import AuditTrail

Learn = Callable[[Sequence[DecidedPage]], LearntModel]
FindFault = Callable[[StoredModel], ModelFault | None]


class DecidedPages(Protocol):
    """`pages` to learn from; of the other decisions, how many there are and why."""

    @property
    def pages(self) -> Sequence[DecidedPage]: ...
    @property
    def left_out(self) -> Mapping[str, int]: ...


class DecidedPageReader(Protocol):
    """Reads the pages that people have decided about. `findings` has them."""

    def read(self) -> DecidedPages:
        """Blocking. Raises DatabaseUnavailable, ContentsUnavailable."""
        ...


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


@dataclass(frozen=True, slots=True)
class ReaderVersions:
    """All that are kept, the newest first, as rows without their data; `enabled` None: none is switched on."""

    rows: Sequence[Row[Any]]
    enabled: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalReaderService:
    """For administrators alone: the borders see to it. `by` is one of the application; None: one of the machine, on its
    command line.
    """

    db: Database
    clock: Clock
    audit: AuditTrail
    find_fault: FindFault

    async def train(self, pages: DecidedPageReader, learn: Learn) -> int:
        """Learn a new version from what people decided, and return its number. It is not switched on.

        Raises what `pages` and `learn` raise; ReaderRefused: the model is larger than any may be.
        """
        found = await asyncio.to_thread(pages.read)
        learnt = await asyncio.to_thread(learn, found.pages)
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
        self._record("reader.train", None, {"version": version, "sha256": values["sha256"]})
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

    async def enable(self, version: int, by: Principal | None = None) -> None:
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
        self._record("reader.enable", by, {"version": version, "sha256": row.sha256})

    async def disable(self, by: Principal | None = None) -> int | None:
        """Switch off what is on, and return its version; None: nothing was."""

        def work(connection: Connection) -> int | None:
            row = local_readers.find_enabled(connection)
            local_readers.disable(connection)
            return None if row is None else int(row.version)

        version = await self.db.write(work)
        if version is not None:
            self._record("reader.disable", by, {"version": version})
        return version

    async def list_all(self) -> ReaderVersions:
        """Return all versions, and which one is switched on."""
        rows = await self.db.read(local_readers.list_all)
        return ReaderVersions(rows, local_readers.enabled_version(rows))

    def _record(self, action: str, by: Principal | None, detail: Mapping[str, Any]) -> None:
        user_id, address = (None, None) if by is None else (by.user_id, by.address)
        self.audit.record(action, user_id=user_id, address=address, detail=detail)
