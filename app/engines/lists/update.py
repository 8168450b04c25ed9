"""One update of one list: from its source to the file that scans look into (`list_file`), with the
number of what was left out.

It blocks, and belongs in a process of its own: two million entries take half a minute of it, and 300 MB of memory.
"""

import asyncio
import errno
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from app.domain.reputation_lists import MAX_ENTRIES, ListDefinition, ListFault, ListKind, ListOrder, ListUpdate, Refused
from app.engines.lists.formats import SAMPLE_LINES, LineReader, UnreadableList
from app.engines.lists.list_file import ListFile, line_of, write_lines
from app.engines.lists.names import Judge, NameReader, NotUsed
from app.engines.lists.sources import Gotten, ListFetcher, SourceFailed, copy_file, errno_name
from app.engines.model import NetworkConfig

WORK_FOLDER: Final = ".new-"  # beginning of the names of folders that a killed update leaves behind
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
MAX_EXAMPLES: Final = 20  # of refused entries that are shown
MAX_SHOWN: Final = 120  # characters of one
GARBAGE_FROM: Final = 20  # lines that are no entries, below which a short list may have more of them than entries
_BOMS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


@dataclass(slots=True)
class Compiled:
    """What became of a list. `examples`: (line, text, reason) of the first entries that are not used."""

    sha256: str = ""  # of the list
    bytes: int = 0
    file_sha256: str = ""
    file_bytes: int = 0
    entries: int = 0
    duplicates: int = 0
    layout: str = ""
    date: str = ""  # ISO, as a list in our format says it
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str, str]] = field(default_factory=list)

    def refuse(self, line: int, text: str, reason: Refused) -> None:
        self.refused[reason.value] += 1
        if len(self.examples) < MAX_EXAMPLES and reason is not Refused.LOCAL_NAME:  # every file of hosts has some
            shown = "".join(char for char in text[:MAX_SHOWN] if char.isprintable())
            self.examples.append((line, shown, reason.value))


class ListCompiler:
    """Makes one list after another into the file that scans look into."""

    def __init__(self, *, names: NameReader, judge: Judge, max_entries: int = MAX_ENTRIES) -> None:
        self._names = names
        self._judge = judge
        self._max_entries = max_entries

    def compile(self, source: Path, target: Path, definition: ListDefinition) -> Compiled:
        """Read the list and write the file.

        Raises UnreadableList when the whole is no list, or OSError.
        """
        result = Compiled(bytes=source.stat().st_size)
        with source.open("rb") as file:
            result.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        lines = self._lines(source, definition, result)
        read = len(lines)
        with target.open("w+b") as file:
            result.entries = write_lines(lines, file)
            file.flush()
            os.fsync(file.fileno())
            result.file_bytes = file.seek(0, 2)
            file.seek(0)
            result.file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        result.duplicates = read - result.entries
        return result

    def _lines(self, source: Path, definition: ListDefinition, result: Compiled) -> list[bytes]:
        with source.open("rb") as file:
            reader = LineReader(definition.format, list(islice(_lines_of(file), SAMPLE_LINES)))
        result.layout = reader.layout.value
        found: list[bytes] = []
        with source.open("rb") as file:
            for number, line in enumerate(_lines_of(file), start=1):
                self._take(reader, number, line, definition, result, found)
                if len(found) > self._max_entries:
                    raise UnreadableList(ListFault.TOO_MANY)
        result.date = _iso_date(reader.headers.get("date", ""))
        _check(len(found), result)
        return found

    def _take(
        self,
        reader: LineReader,
        number: int,
        line: bytes,
        definition: ListDefinition,
        result: Compiled,
        found: list[bytes],
    ) -> None:
        try:
            entries = reader.entries(line) or ()
        except ValueError:  # also what cannot be decoded
            result.refuse(number, line.strip().decode("utf-8", "replace"), Refused.NOT_AN_ENTRY)
            return
        for entry in entries:
            try:
                key = self._names.read(entry.text)
                if definition.kind is ListKind.BLOCK:
                    self._judge.check(key)
            except NotUsed as refusal:
                result.refuse(number, entry.text, refusal.reason)
                continue
            category = entry.category or definition.category.value
            found.append(line_of(key, number, category, entry.score or definition.score))


def _iso_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _check(found: int, result: Compiled) -> None:
    garbage = result.refused[Refused.NOT_AN_ENTRY.value]
    if garbage >= GARBAGE_FROM and garbage > found + result.refused.total() - garbage:
        raise UnreadableList(ListFault.NOT_A_LIST)
    if not found:
        raise UnreadableList(ListFault.NOT_A_LIST if garbage else ListFault.EMPTY)


def _lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Lines as UTF-8, without the mark that says so; of UTF-16 as well."""
    start = file.read(3)
    file.seek(0)
    coding = next((name for mark, name in _BOMS if start.startswith(mark)), None)
    if coding == "utf-16":
        text = file.read().decode(coding, "replace")
        return (line.encode("utf-8", "replace") for line in text.splitlines())
    file.seek(3 if coding else 0)
    return iter(file)


def update_list(
    order: ListOrder, network: NetworkConfig, fetcher: ListFetcher | None = None, *, services: Iterable[str]
) -> ListUpdate:
    """Get the list, and make it into a file under `order.folder`. What goes wrong is in what is returned.

    `services`: as of `Judge`.
    """
    try:
        with TemporaryDirectory(dir=order.folder, prefix=WORK_FOLDER) as work:
            return _update(order, network, fetcher or ListFetcher(network), services, Path(work))
    except SourceFailed as failure:
        return ListUpdate(fault=failure.fault, detail=failure.detail)
    except UnreadableList as refusal:
        return ListUpdate(fault=refusal.fault)
    except OSError as error:
        fault = ListFault.DISK_FULL if error.errno in _FULL else ListFault.FAILED
        return ListUpdate(fault=fault, detail=errno_name(error))


def _update(
    order: ListOrder, network: NetworkConfig, fetcher: ListFetcher, services: Iterable[str], work: Path
) -> ListUpdate:
    raw, made = work / "list", work / "file"
    gotten = _get(order, fetcher, raw)
    if gotten is None:
        return ListUpdate(etag=order.etag, last_modified=order.last_modified)
    names = NameReader(allow_networks=network.allow_networks)
    judge = Judge([ListFile(Path(path)) for path in order.allow_files], services=services)
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
