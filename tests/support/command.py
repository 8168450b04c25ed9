"""The command line as a process, as people and scripts run it."""

import asyncio
import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

from app.cli import main
from tests.support.logs import forget_logging
from tests.support.programs import ROOT, AsyncProgram, start_program_async


@dataclass
class Done:
    code: int
    out: str
    err: str


def environment(**values: str) -> dict[str, str]:
    """Ours without settings and locale of whoever runs the tests. A new finding is judged again at once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COMPLIANCE_", "LC_", "LANG"))}
    return {**kept, "COMPLIANCE_RECHECK_AFTER_S": "0.2", **values}


async def start(*words: object, **values: str) -> AsyncProgram:
    """`compliance WORDS` with these variables; its input is empty."""
    return await start_program_async([str(word) for word in words], environment(**values))


async def execute(*words: object, **values: str) -> asyncio.subprocess.Process:
    """The same in an interpreter of its own, as people start it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        *map(str, words),
        cwd=ROOT,
        env=environment(**values),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process: asyncio.subprocess.Process | AsyncProgram, timeout_s: float = 200) -> Done:
    """Waits for its end; a process that takes too long is killed."""
    try:
        async with asyncio.timeout(timeout_s):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def run(*words: object, timeout_s: float = 200, **values: str) -> Done:
    return await finish(await start(*words, **values), timeout_s)


async def line_with(stream: Any, text: str, timeout_s: float = 120) -> str:
    """The next line that holds `text`."""
    async with asyncio.timeout(timeout_s):
        while line := (await stream.readline()).decode():
            if text in line:
                return str(line)
    raise AssertionError(f"it ended without a line with {text!r}")


def here(*words: object) -> int:
    """`compliance WORDS` inside this process and in English, for what needs no process of its own. Leaves logging and
    umask as they were.
    """
    level, mask = logging.getLogger().level, os.umask(0o022)
    try:
        return main(["--lang", "en", *(str(word) for word in words)])
    finally:
        os.umask(mask)
        forget_logging(level)
