"""Text in images, read by Tesseract if it is installed. It is a separate program, within limits."""

import asyncio
import contextlib
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

import structlog

LANGUAGES: Final = ("chi_sim", "eng")  # those of our lexicons, as Tesseract calls them
TIMEOUT_S: Final = 15.0  # a screenshot takes one second of a free core
CPU_S: Final = 10
MAX_MEMORY: Final = 1024**3  # bytes of address space; a screenshot with two languages takes 300 MB
MAX_PICTURE: Final = 4 * 1024**2  # bytes
MAX_OUTPUT: Final = 64 * 1024  # bytes of text
END_S: Final = 2.0  # a killed process ends in milliseconds; one that the kernel holds longer must not hold the scan
_ASKED_S: Final = 5.0

log = structlog.get_logger(__name__)


class PictureUnread(Exception):
    """Raised for a picture that cannot be read within the limits."""


@dataclass(frozen=True, slots=True)
class Tesseract:
    """An installed Tesseract, and those of our languages that it has."""

    executable: str
    languages: tuple[str, ...]


def find_tesseract(name: str = "tesseract") -> Tesseract | None:
    """Look for the program and its languages; None: there is none that could read anything. Waits for the program."""
    executable = shutil.which(name)
    if executable is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - found on the path, without a shell
            [executable, "--list-langs"], capture_output=True, text=True, timeout=_ASKED_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    known = set(done.stdout.split())
    languages = tuple(language for language in LANGUAGES if language in known)
    return Tesseract(executable, languages) if languages else None


class PictureReader:
    """Reads pictures. Ask for one at a time: a core is what a scan may take beside its browser."""

    def __init__(self, tesseract: Tesseract, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._command = (
            tesseract.executable,
            "stdin",
            "stdout",
            "-l",
            "+".join(tesseract.languages),
            "--psm",
            "11",  # text wherever it stands, in no order: banners are no columns
        )

    async def read(self, picture: bytes) -> str:
        """Return the text of a JPEG or PNG, a line for each that was found.

        Raises:
            PictureUnread: it is too large, takes too long or too much, or is no picture.
        """
        if len(picture) > MAX_PICTURE:
            raise PictureUnread("too large")
        try:
            process, transport = await self._start()
        except OSError as error:
            raise PictureUnread("not started") from error
        try:
            return await self._converse(process, picture)
        finally:
            await _end(process, transport)

    async def _start(self) -> tuple[asyncio.subprocess.Process, asyncio.SubprocessTransport]:
        """Do what `asyncio.create_subprocess_exec` does, and keep the transport: it alone can close the pipes."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=MAX_OUTPUT, loop=loop),
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
        return asyncio.subprocess.Process(transport, protocol, loop), transport

    async def _converse(self, process: asyncio.subprocess.Process, picture: bytes) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _limit(process.pid)  # before it has read a byte of the picture
            async with asyncio.timeout(self._timeout_s):
                process.stdin.write(picture)
                process.stdin.close()
                text = await _read_all(process.stdout)
                code = await process.wait()
        except TimeoutError as error:
            raise PictureUnread("too slow") from error
        except OSError as error:
            raise PictureUnread("it ended") from error
        if code != 0:
            raise PictureUnread("it failed")
        return "\n".join(line for line in map(str.strip, text.decode("utf-8", "replace").splitlines()) if line)


def _limit(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.prlimit(pid, resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    os.setpriority(os.PRIO_PROCESS, pid, 10)


async def _read_all(stream: asyncio.StreamReader) -> bytes:
    """Return what comes, as far as the bound goes."""
    found = bytearray()
    while piece := await stream.read(MAX_OUTPUT):
        found += piece
        if len(found) > MAX_OUTPUT:
            raise PictureUnread("too much text")
    return bytes(found)


async def _end(process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport) -> None:
    """Leave no process and no pipe behind, also when the scan is cancelled. Takes at most END_S.

    Its child processes may keep the pipes open and continue to write: nothing of that is read or awaited.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    _close_pipes(process, transport)
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:  # it is killed: the loop, which has its number, reaps it when the kernel lets it go
        log.warning("picture_reader_still_running", pid=process.pid)


def _close_pipes(process: asyncio.subprocess.Process, transport: asyncio.SubprocessTransport) -> None:
    """Close our ends at once; asyncio's own loop ends no wait for the process before."""
    assert process.stdin is not None
    if process.stdin.transport.get_write_buffer_size():
        process.stdin.transport.abort()  # closing it would wait until somebody takes the rest of the picture
    else:
        process.stdin.close()
    output = transport.get_pipe_transport(1)
    assert output is not None
    output.close()
