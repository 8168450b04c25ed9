from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backend import Backend, open_backend
from tests.support.realtime import Stack


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """The whole application over HTTP."""
    async with open_backend(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """The real-time core over real sockets."""
    async with Stack(tmp_path).serve() as running:
        yield running
