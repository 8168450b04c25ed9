"""The processes of a chaos run: a server that is killed and started again, its scans, and the disk under both."""

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import httpx

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]
DISK_MIB: Final = 256
START_S: Final = 90.0
PASSWORD: Final = "correct horse battery"
# What waits in seconds or hours waits in tenths; limits on clients are out of the way, since all of them are ours.
SETTINGS: Final[dict[str, Any]] = {
    "admin_password": PASSWORD,
    "language": "en",
    "heartbeat_interval_s": 0.5,
    "worker_suspect_after_s": 4.0,
    "worker_lost_after_s": 8.0,
    "monitor_interval_s": 1.0,
    "blocked_writes_kill_s": 3.0,
    "cancel_force_after_s": 20.0,
    "database_busy_timeout_s": 3.0,
    "ws_idle_timeout_s": 20.0,
    "ws_ping_after_s": 5.0,
    "ws_stuck_after_s": 3.0,
    "ws_send_buffer_bytes": 4_096,  # slow clients are to be set aside by what a small scan says
    "ws_backlog_bytes": 65_536,
    "ws_backlog_frames": 30,
    "ws_command_burst": 10_000,
    "ws_max_connections_per_user": 1_000,
    "ws_max_connections_per_address": 1_000,
    "ws_handshakes_per_s_per_address": 1_000,
    "login_burst_per_address": 1_000,
    "logins_per_minute_per_address": 10_000,
    "max_concurrent_scans": 3,
    "scans_per_user": 3,
}


class Backend:
    """One data folder and whoever works in it."""

    def __init__(self, *, run: str, seed: int, folder: Path, reached_by: dict[str, Any]) -> None:
        self.run = run  # stands in the command line of every process of ours
        self.folder = folder
        self.data_dir = folder / "data"
        self.log = folder / "server.log"  # of all lives, and of all scans
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lives = 0
        self.process: asyncio.subprocess.Process | None = None  # the server; None while it is down
        self.is_mounted = False  # the data folder is a file system of its own
        self._seed = seed
        self._settings = {**SETTINGS, **reached_by, "data_dir": str(self.data_dir), "port": self.port}

    def prepare(self) -> None:
        """A small disk where we may have one."""
        self.data_dir.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", str(self.data_dir)]
        self.is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0

    def clear(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.data_dir)], check=False)

    async def start(self) -> None:
        """Until it answers; again and again where a fault keeps it from starting."""
        async with asyncio.timeout(START_S):
            while not await self._start():  # noqa: ASYNC110 - it is a process that fails, and nothing tells when not
                await asyncio.sleep(0.5)

    async def _start(self) -> bool:
        self.lives += 1
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "chaos_server.py"),
                self.run,
                f"{self._seed}-{self.lives}",
                json.dumps(self._settings),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with httpx.AsyncClient(base_url=self.url, timeout=2, trust_env=False) as client:
            while self.process.returncode is None:
                with suppress(httpx.HTTPError):
                    if (await client.get("/livez")).status_code == 200:
                        return True
                await asyncio.sleep(0.1)
        return False

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def signal_server(self, number: int) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def end(self, number: int = signal.SIGTERM, *, within_s: float = 60) -> int | None:
        """The exit code; None when it had to be killed."""
        assert self.process is not None
        self.signal_server(signal.SIGCONT)
        self.signal_server(number)
        try:
            return await asyncio.wait_for(self.process.wait(), within_s)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None

    def scans(self) -> list[int]:
        """Living scan processes of this run."""
        return [pid for pid in self.processes() if self.process is None or pid != self.process.pid]

    def processes(self) -> list[int]:
        """All living processes of this run but ours."""
        return [pid for pid in _pids() if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return pid != os.getpid() and self.run.encode() in words and state not in "ZX"

    # The disk

    def fill_disk(self) -> None:
        """Nothing fits any more: on a disk of our own by filling it, else by a limit on the size of files."""
        if not self.is_mounted:
            self._limit_files(1)
            return
        with (self.data_dir / "ballast").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def empty_disk(self) -> None:
        if self.is_mounted:
            (self.data_dir / "ballast").unlink(missing_ok=True)
        else:
            self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        for pid in self.processes():
            with suppress(OSError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])
