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
# What a scan's process, and so its browser, gets of our environment: where programs, libraries, certificates,
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
SEARCH_PAUSES_S: Final = (0.0, 0.01, 0.03)  # before each search; in all far below what a socket notices
_PROC: Final = Path("/proc")


def mark_of(task_id: str, attempt: int) -> str:
    """Return the mark of an attempt, which a restarted server can compute again."""
    return f"{task_id}-{attempt}"


def environment(mark: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a scan's process: the mark, and of ours only what is allowed."""
    return {**allowed(inherited), MARK: mark}


def allowed(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what processes that we start get of our environment."""
    return {key: value for key, value in inherited.items() if key in ALLOWED or key.startswith(ALLOWED_PREFIXES)}


def members(mark: str) -> list[int]:
    """Return the ids of the living processes that carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    return [int(entry.name) for entry in _PROC.glob("[0-9]*") if wanted in _variables(entry)]


def kill(mark: str, *, but: int | None = None) -> list[int]:
    """Kill every member but one, and return the ids.

    A process shows no environment for a moment while it becomes another program: so they are looked for again.
    """
    killed: list[int] = []
    for pause_s in SEARCH_PAUSES_S:
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
