"""A store for what a scan collects, in a file of its own."""

import pytest

from app.scanstore.sqlite import SqliteScanStore


@pytest.fixture
def store(tmp_path):
    opened = SqliteScanStore(tmp_path / "scan.db")
    yield opened
    opened.close()
