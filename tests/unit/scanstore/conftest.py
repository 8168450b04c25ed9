"""Every implementation of the store, and of what reads it, goes through the same contract."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from app.engines.ports import ScanStore
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore

Opener = Callable[[], ScanStore]


class Scan(Protocol):
    """A run of a task that is running."""

    def open(self) -> ScanStore: ...

    def reader(self) -> EvidenceReader: ...


class FileScan:
    """A run whose store is a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> ScanStore:
        return SqliteScanStore(self.path)

    def reader(self) -> EvidenceReader:
        return ScanFolder(self.path.parent).reader("scan", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scan-1.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def scan(request: pytest.FixtureRequest, path: Path) -> Iterator[Scan]:
    """A run that nobody has written yet."""
    if request.param == "sqlite":
        yield FileScan(path)
    else:
        yield request.getfixturevalue("postgres_run")


@pytest.fixture
def open_store(scan: Scan) -> Iterator[Opener]:
    """Opens the same store, again after a close. What is left open is closed at the end."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(scan.open()))


@pytest.fixture
def store(open_store: Opener) -> ScanStore:
    return open_store()
