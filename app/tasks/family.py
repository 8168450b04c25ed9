"""Finds the processes of one scan by a mark in their environment: also those in sessions of their own (a browser's),
and those whose parent is gone already. Without /proc (macOS) there are none to be found, and the group has to do.
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK: Final = "DOMAIN_SCAN_MARK"
# What a scan's process, and so its browser, gets to know of our environment: where programs, libraries, certificates,
# fonts and temporary files are, and how people write here. Everything else may be a secret of the deployment.
ALLOWED: Final = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONUTF8",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONWARNINGS",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "FONTCONFIG_FILE",
        "FONTCONFIG_PATH",
    ]
)
ALLOWED_PREFIXES: Final = ("LC_", "COVERAGE_")  # the second measures the tests
LOOKS_S: Final = (0.0, 0.01, 0.03)  # pauses before each look; in all far below what a socket notices
_PROC: Final = Path("/proc")


def mark_of(task_id: str, attempt: int) -> str:
    """Known again by a restarted server."""
    return f"{task_id}-{attempt}"


def environment(mark: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a scan's process: the mark, and of ours only what is allowed."""
    known = {key: value for key, value in inherited.items() if key in ALLOWED or key.startswith(ALLOWED_PREFIXES)}
    return {**known, MARK: mark}


def members(mark: str) -> list[int]:
    """Ids of the living processes that carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    return [int(entry.name) for entry in _PROC.glob("[0-9]*") if wanted in _variables(entry)]


def kill(mark: str, *, but: int | None = None) -> list[int]:
    """SIGKILL to every member but one; who that was.

    A process shows no environment for a moment while it becomes another program: so they are looked for again.
    """
    killed: list[int] = []
    for pause_s in LOOKS_S:
        time.sleep(pause_s)
        found = [pid for pid in members(mark) if pid != but and pid not in killed]
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed += found
    return killed


def _variables(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile, or somebody else's
        return []
