"""Where Chromium lives while a scan uses it: a profile of its own, a user of its own, and an end that is certain.

As root the browser alone runs as `nobody`: its sandbox needs that, and hostile pages deserve no root. The wrapper that
steps down also ties the browser's life to its parent's (PDEATHSIG): Playwright puts it into a session of its own,
so that killing the scan's process group would miss it.
"""

import asyncio
import os
import pwd
import shlex
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from app.domain.messages import Text, english
from app.engines.capture.browser_network import prefix

EXECUTABLES: Final = ("chromium", "chromium-browser", "google-chrome")
INSTALL: Final = "apt-get install chromium chromium-sandbox"
USER: Final = "nobody"
PREFIX: Final = "compliance-browser-"
KILL_WAIT_S: Final = 1.0  # after SIGKILL; the kernel needs milliseconds
KILL_POLL_S: Final = 0.02
# Linux schedules by session, and Playwright gives the browser one of its own: nobody's sockets wait for a picture.
LOWER_PRIORITY: Final = (
    "{ read -r pid name state parent group session rest < /proc/$$/stat; "
    '[ "$session" = $$ ] && echo 5 > /proc/$$/autogroup; } 2>/dev/null'
)


class BrowserUnavailable(Exception):
    """There is no browser to render with; `reason` is for people."""

    def __init__(self, reason: Text, *, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        # Whether it will be the same in a minute, as when none is installed.
        self.is_lasting = is_lasting


def find_chromium(path: str | None) -> str:
    """Absolute path of the executable. Raises `BrowserUnavailable`."""
    if path is not None:
        if not os.access(path, os.X_OK):
            raise BrowserUnavailable(english("browser.no_executable", path=path), is_lasting=True)
        return path
    found = next((where for name in EXECUTABLES if (where := shutil.which(name))), None)
    if found is None:
        raise BrowserUnavailable(english("browser.not_found", command=INSTALL), is_lasting=True)
    return found


@dataclass(frozen=True, slots=True)
class BrowserProfile:
    """One browser's folder: the wrapper in it belongs to us, only the profile to the browser's user."""

    base: Path
    wrapper: Path  # what Playwright starts instead of Chromium
    folder: Path  # the profile itself
    driver_pid: Path  # file: pid of Playwright's driver, written by the wrapper when it starts
    network: Path  # where the wrapper takes the network of the browser to (`browser_network`), if it has one of its own

    @classmethod
    def prepare(cls, executable: str, *, proxy_port: int | None = None) -> Self:
        """Make the folder. `proxy_port`: the browser gets a network of its own, and reaches its proxy there.

        Raises `BrowserUnavailable` when root cannot step down.
        """
        _remove_abandoned()
        # Root's temporary folder may be closed to the browser's user; /tmp never is.
        parent = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 - mkdtemp makes an unguessable name in it
        base = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        profile = cls(base, base / "start", base / "profile", base / "driver", base / "network")
        try:
            profile._create_files(executable, proxy_port)
        except BaseException:
            profile.remove()
            raise
        return profile

    def _create_files(self, executable: str, proxy_port: int | None) -> None:
        self.folder.mkdir(mode=0o700)
        step_down = _as_other_user()
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.base.chmod(0o711)  # the browser may pass through, not look around or write
        own_network = [] if proxy_port is None else prefix(self.network, proxy_port)
        command = shlex.join([*own_network, *step_down, executable])
        note_driver = f'echo "$PPID" > {shlex.quote(str(self.driver_pid))}'
        self.wrapper.write_text(f'#!/bin/sh\n{note_driver}\n{LOWER_PRIORITY}\nexec {command} "$@"\n')
        self.wrapper.chmod(0o755)

    def environment(self) -> dict[str, str | float | bool]:
        """All that the browser gets to know of our environment."""
        home = str(self.folder)
        return {"HOME": home, "TMPDIR": home, "XDG_RUNTIME_DIR": home, "PATH": os.defpath, "LANG": "C.UTF-8"}

    async def kill(self) -> None:
        """SIGKILL to every process of this browser, and to a driver that hangs; returns when they are gone."""
        deadline = asyncio.get_running_loop().time() + KILL_WAIT_S
        while pids := self.processes():
            for pid in pids:
                _kill(pid)
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(KILL_POLL_S)

    def processes(self) -> list[int]:
        """Living processes whose command line names the profile (all of Chromium's do), and the driver's."""
        mark = str(self.folder).encode()
        driver = self._driver()
        return [pid for pid, line in _command_lines() if mark in line or (pid == driver and b"run-driver" in line)]

    def root(self) -> int:
        """Playwright's driver, below which the browser's processes are; 0: it has not started the browser yet."""
        return self._driver()

    def remove(self) -> None:
        shutil.rmtree(self.base, ignore_errors=True)

    def _driver(self) -> int:
        try:
            return int(self.driver_pid.read_text())
        except (OSError, ValueError):
            return 0


def _as_other_user() -> list[str]:
    """Command prefix; empty where setpriv is missing and not needed."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0:
        return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    if setpriv is None:
        raise BrowserUnavailable(english("browser.no_setpriv"), is_lasting=True)
    try:
        user = pwd.getpwnam(USER)
    except KeyError as missing:
        raise BrowserUnavailable(english("browser.no_user", name=USER), is_lasting=True) from missing
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [setpriv, *ids, "--pdeathsig", "KILL", "--"]


def _command_lines() -> list[tuple[int, bytes]]:
    """Of all processes that can be seen; zombies have an empty one and are left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it ended while we looked
            if line:
                found.append((int(entry.name), line))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it ended by itself, or is not ours


def _remove_abandoned() -> None:
    """Remove the folders that killed scans left behind: their name holds the pid of a process that is gone."""
    for parent in {Path(tempfile.gettempdir()), Path("/tmp")}:  # noqa: S108 - see `prepare`
        for base in parent.glob(f"{PREFIX}*"):
            pid = base.name.removeprefix(PREFIX).partition("-")[0]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(base, ignore_errors=True)  # another user's stays
