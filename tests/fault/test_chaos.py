"""A short run of `bench/chaos.py`: that the harness works, and that its oracle has nothing to say."""

import asyncio
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = "20261126"


@pytest.mark.system
async def test_under_three_quarters_of_a_minute_of_chaos_nothing_is_lost_doubled_or_left():
    command = [sys.executable, str(ROOT / "bench" / "chaos.py"), "--minutes", "0.75", "--seed", SEED]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert f"clean, SEED={SEED}" in said.decode()
