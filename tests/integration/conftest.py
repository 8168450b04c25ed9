from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import House, open_house
from tests.support.realtime import Stack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The whole application over HTTP."""
    async with open_house(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """The real-time core over real sockets."""
    async with Stack(tmp_path).serve() as running:
        yield running
