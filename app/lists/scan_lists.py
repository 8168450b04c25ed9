"""Finds the lists of a scan: those in effect when it begins, and the same ones when it goes on after a crash."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Row

from app.core.db import Database, DatabaseUnavailable
from app.domain.reputation_lists import FoundLists, ListDefinition, ListKind, UsedList, read_definitions
from app.lists import queries
from app.lists.files import FileLost, ListFiles

log = structlog.get_logger(__name__)


class ScanListFinder:
    """Fulfils `domain.reputation_lists.FindLists`, in the process of a scan."""

    def __init__(self, entries: Sequence[str], db: Database, files: ListFiles) -> None:
        """`entries`: of the setting."""
        self._definitions = read_definitions(entries)
        self._db = db
        self._files = files

    def __call__(self, before: Sequence[UsedList] | None) -> FoundLists:
        """Find them. No scan fails for its lists: those that cannot be had are missing, and it says so."""
        self._clean()
        if before is None:
            return self._first()
        current = {used.name: used for used in self._in_effect() if used is not None}
        return _found([(used.name, (used, current.get(used.name))) for used in before], self._files)

    def _clean(self) -> None:
        try:
            self._files.clean_cache(time.time())
        except (DatabaseUnavailable, OSError) as error:
            log.warning("list_files_not_cleaned", reason=type(error).__name__)

    def _first(self) -> FoundLists:
        wanted = zip(self._definitions, self._in_effect(), strict=True)
        return _found([(definition.name, (used,)) for definition, used in wanted], self._files)

    def _in_effect(self) -> list[UsedList | None]:
        """One for each definition; None where there is no version yet, or where the database does not answer."""
        keys = [definition.key for definition in self._definitions]
        if not keys:
            return []
        try:
            versions = self._db.read_sync(partial(queries.in_effect, keys=keys))
        except DatabaseUnavailable as error:
            log.warning("lists_not_found", reason=type(error).__name__)
            versions = {}
        return [_used(definition, versions.get(definition.key)) for definition in self._definitions]


def _found(wanted: Sequence[tuple[str, Sequence[UsedList | None]]], files: ListFiles) -> FoundLists:
    """`wanted`: name and versions of each list, of which the first is taken whose file can be had."""
    found, replaced, missing = [], [], []
    for name, versions in wanted:
        for number, used in enumerate(versions):
            path = None if used is None else _path(used, files)
            if used is not None and path is not None:
                found.append((used, path))
                if number:
                    replaced.append(name)
                break
        else:
            missing.append(name)
    return FoundLists(found, replaced, missing)


def _path(used: UsedList, files: ListFiles) -> Path | None:
    try:
        return files.find(used.file_sha256)
    except (FileLost, OSError, DatabaseUnavailable) as error:
        log.warning("list_file_not_found", list=used.name, reason=type(error).__name__)
        return None


def _used(definition: ListDefinition, version: Row[Any] | None) -> UsedList | None:
    if version is None:
        return None
    return UsedList(
        version_id=version.id,
        name=definition.name,
        kind=ListKind(version.kind),
        source=version.source,
        date=version.list_date,
        sha256=version.sha256,
        entries=version.entries,
        file_sha256=version.file_sha256,
        file_bytes=version.file_bytes,
    )
