"""Opens the local classifier for a scan: the version that was switched on when the scan began, in all its attempts."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from app.domain.local_reading import LOCAL_READING, ModelFault, StoredModel, local_summary_of
from app.engines.local_reader.model import LocalModel, UnusableModel, read_model
from app.engines.ports import ScanStore


class ModelSource(Protocol):
    """Where versions are kept."""

    async def load(self, version: int | None) -> StoredModel | None:
        """Return a version, or the one that is switched on (`version` None); None: there is no such one.

        Raises UnusableModel (`unavailable`): it cannot be had now.
        """
        ...

    def count(self, effects: Mapping[str, int]) -> None:
        """Hear, at the end of a scan, how many pages were read, by `domain.reading.Effect`."""
        ...


async def open_model(source: ModelSource, store: ScanStore) -> LocalModel | None:
    """Return the model, wholly in memory, and write down for the report which one it is, or why it cannot be used."""
    known = store.checkpoint(LOCAL_READING)
    version = known["version"] if known and known["version"] else None
    if known and version is None and not known["fault"]:
        return None  # one that was switched on since is for the next scan
    model, fault = None, None
    try:
        found = await source.load(version)
        if found is not None:
            version = found.version
            model = await asyncio.to_thread(read_model, found)
        elif version is not None:
            fault = ModelFault.MISSING.value
    except UnusableModel as error:
        fault = error.fault.value
    pages = known["pages"] if known else {}
    store.put_checkpoint(LOCAL_READING, {"version": version or 0, "fault": fault, "pages": pages})
    return model


def count_effects(source: ModelSource, store: ScanStore) -> None:
    """Tell the source what came of all pages of the scan, in all its attempts."""
    known = store.checkpoint(LOCAL_READING)
    summary = local_summary_of(known) if known else None
    if summary is not None and summary.effects:
        source.count(summary.effects)
