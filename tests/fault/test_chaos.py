"""Short runs of `chaos/chaos.py` and `chaos/chaos_distributed.py`: they work, and their oracles find nothing."""

import asyncio
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = "20261126"


@pytest.mark.system
@pytest.mark.parametrize(("script", "minutes"), [("chaos", "0.75"), ("chaos_distributed", "0.5")])
async def test_under_less_than_a_minute_of_chaos_nothing_is_lost_doubled_or_left(script, minutes):
    path = ROOT / "tests" / "fault" / "chaos" / f"{script}.py"
    command = [sys.executable, str(path), "--minutes", minutes, "--seed", SEED]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert f"clean, SEED={SEED}" in said.decode()
