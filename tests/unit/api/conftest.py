from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backend import Backend, open_backend


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path / "data") as opened:
        yield opened
