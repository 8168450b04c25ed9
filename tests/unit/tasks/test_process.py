"""A scan's process ends, whatever does not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import asyncio, os, sys
from app.tasks.process import run_and_leave

async def fails():
    try:
        await asyncio.sleep(3_600)
    except asyncio.CancelledError:
        raise RuntimeError("does not unwind") from None

async def stays():
    while True:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            continue

left = None  # nobody lets go of it

async def main():
    global left
    left = asyncio.create_task(globals()[sys.argv[1]]())
    await asyncio.sleep(0)
    left.cancel()
    return "done"

sys.stdout.write(run_and_leave(main()))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("way", ["fails", "stays"])
def test_what_does_not_unwind_neither_holds_up_the_end_nor_makes_a_traceback(way):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")
