"""One update of one list, from its source to the file that scans look into. In a process of its own: it blocks."""

import asyncio
import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.reputation_lists import ListFault, ListOrder, ListUpdate
from app.engines.analyse.reputation.list_file import ListFile
from app.engines.lists.compiler import Compiled, ListCompiler
from app.engines.lists.formats import UnreadableList
from app.engines.lists.judge import Judge
from app.engines.lists.names import NameReader
from app.engines.lists.sources import Gotten, ListFetcher, SourceFailed, copy_file, errno_name
from app.engines.model import NetworkConfig

WORK_FOLDER: Final = ".new-"  # beginning of the names of folders that a killed update leaves behind
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def update_list(order: ListOrder, network: NetworkConfig, fetcher: ListFetcher | None = None) -> ListUpdate:
    """Get the list, and make it into a file under `order.folder`. What goes wrong is in what is returned."""
    try:
        with TemporaryDirectory(dir=order.folder, prefix=WORK_FOLDER) as work:
            return _update(order, network, fetcher or ListFetcher(network), Path(work))
    except SourceFailed as failure:
        return ListUpdate(fault=failure.fault, detail=failure.detail)
    except UnreadableList as refusal:
        return ListUpdate(fault=refusal.fault)
    except OSError as error:
        fault = ListFault.DISK_FULL if error.errno in _FULL else ListFault.FAILED
        return ListUpdate(fault=fault, detail=errno_name(error))


def _update(order: ListOrder, network: NetworkConfig, fetcher: ListFetcher, work: Path) -> ListUpdate:
    raw, made = work / "list", work / "file"
    gotten = _get(order, fetcher, raw)
    if gotten is None:
        return ListUpdate(etag=order.etag, last_modified=order.last_modified)
    names = NameReader(allow_networks=network.allow_networks)
    judge = Judge([ListFile(Path(path)) for path in order.allow_files])
    result = ListCompiler(names=names, judge=judge).compile(raw, made, order.definition)
    if result.sha256 == order.known_sha256:
        return ListUpdate(etag=gotten.etag, last_modified=gotten.last_modified)
    if result.entries * 2 < order.known_entries:
        numbers = f"{result.entries}/{order.known_entries}"
        return ListUpdate(fault=ListFault.SHRUNK, detail=numbers)
    made.replace(Path(order.folder) / result.file_sha256)
    _sync(Path(order.folder))
    return _new(result, gotten)


def _get(order: ListOrder, fetcher: ListFetcher, target: Path) -> Gotten | None:
    if order.path:
        return copy_file(Path(order.path), target)
    source = order.definition.source
    return asyncio.run(fetcher.fetch(source, target, etag=order.etag, last_modified=order.last_modified))


def _sync(folder: Path) -> None:
    """A file whose name the database knows must be there after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new(result: Compiled, gotten: Gotten) -> ListUpdate:
    return ListUpdate(
        is_new=True,
        etag=gotten.etag,
        last_modified=gotten.last_modified,
        date=result.date or gotten.date,
        layout=result.layout,
        sha256=result.sha256,
        bytes=result.bytes,
        entries=result.entries,
        duplicates=result.duplicates,
        refused=dict(result.refused),
        examples=result.examples,
        file_sha256=result.file_sha256,
        file_bytes=result.file_bytes,
    )
