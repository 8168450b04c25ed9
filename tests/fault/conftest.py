import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_world import SmallWorld, small_world

ROOT = Path(__file__).resolve().parent.parent.parent
ServerFactory = Callable[..., AbstractAsyncContextManager[asyncio.subprocess.Process]]


@pytest.fixture
async def world() -> AsyncIterator[SmallWorld]:
    async with small_world() as running:
        yield running


@pytest.fixture
def run_server() -> ServerFactory:
    """A server in a process of its own, ready when the block begins; killed at its end, if it still runs."""

    @contextlib.asynccontextmanager
    async def run(data_dir: Path, **settings: Any) -> AsyncIterator[Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fault.server",
            str(data_dir),
            json.dumps(settings),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), 90) == b"ready\n"
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()

    return run
