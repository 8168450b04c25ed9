"""Every implementation of the store goes through the same contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.engines.ports import ScanStore
from app.scanstore.sqlite import SqliteScanStore

Opener = Callable[[], ScanStore]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scan.db"


@pytest.fixture(params=["sqlite"])
def open_store(request: pytest.FixtureRequest, path: Path) -> Iterator[Opener]:
    """Opens the same store, again after a close. What is left open is closed at the end."""
    assert request.param == "sqlite"
    opened: list[ScanStore] = []

    def opener() -> ScanStore:
        opened.append(SqliteScanStore(path))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()
