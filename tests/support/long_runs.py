"""The long runs: tests that protect parts of the program at length, and are not part of `make test`.

A build makes a run whole when a path that it guards has changed, and else a quarter of it, which the commit chooses:
four commits in a row cover all. `python -m tests.long` carries that out; CONTRIBUTING.md has this table for people.
"""

import subprocess
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.references import reached_from

ROOT: Final = Path(__file__).parents[2]
SHARES: Final = 4
# A session of work ends after three hours. What the last build has seen is not known to a fresh clone.
HOURS_OF_A_CHANGE: Final = 4
EVERYTHING: Final = ("requirements", "pyproject.toml", "tests/support/grown.sql", "tests/support/recorded")


@dataclass(frozen=True, slots=True)
class LongRun:
    """Some tests, and what they guard. All paths are relative to the repository."""

    name: str
    tests: tuple[str, ...]  # files and folders
    guards: tuple[str, ...]  # files and folders whose change asks for all of the run
    beside: tuple[str, ...]  # tests of every build that guard the same, more cheaply
    variables: Mapping[str, str] = field(default_factory=dict)  # of the environment

    def holds(self, path: str) -> bool:
        """Whether the test file belongs to the run."""
        return is_below(path, self.tests)

    def is_asked_for(self, changed: Iterable[str]) -> bool:
        """Whether one of the changed paths asks for all of the run."""
        wanted = (*self.tests, *self.guards, *EVERYTHING)
        return any(is_below(path, wanted) or path in self.files for path in changed)

    @property
    def files(self) -> frozenset[str]:
        """The files of tests that the run consists of and uses."""
        return reached_from((*self.tests, *(path for path in self.guards if not path.startswith("app/"))))


RUNS: Final = (
    LongRun(
        name="properties",
        tests=("tests/property",),
        guards=("app/events", "app/websocket", "app/captures", "app/domain", "app/scans/lifecycle.py"),
        beside=("tests/unit/events", "tests/unit/websocket"),
    ),
    LongRun(
        name="fuzzing",
        tests=("tests/integration/test_fuzz.py",),
        guards=("app/websocket", "app/transport", "app/api", "app/rest"),
        beside=("tests/unit/websocket", "tests/integration/test_api_bad_input.py"),
    ),
    LongRun(
        name="conformance",
        tests=("tests/conformance",),
        guards=("app/transport",),
        beside=("tests/unit/transport",),
    ),
    LongRun(
        name="attacks",
        tests=(
            "tests/attack",
            "tests/integration/test_hostile_evidence.py",
            "tests/integration/test_no_secret_in_logs.py",
            "tests/integration/test_private_files.py",
            "tests/unit/engines/test_patterns.py",
        ),
        guards=(
            "app/transport",
            "app/api",
            "app/captures",
            "app/cli",
            "app/core",
            "app/engines",
            "app/events/bus",
            "app/factory.py",
            "app/findings",
            "app/maintenance/backup.py",
            "app/maintenance/restore.py",
            "app/migrations/runner.py",
            "app/reports",
            "app/rest",
            "app/scanstore",
            "app/server.py",
            "app/identity/auth.py",
            "app/identity/token_rotation.py",
            "app/compose/browser_role.py",
            "deploy",
        ),
        beside=(
            "tests/unit/transport",
            "tests/unit/core/test_redact.py",
            "tests/unit/engines/extract/test_hostile_pages.py",
            "tests/integration/test_api_bad_input.py",
        ),
    ),
    LongRun(
        name="limited rights",
        tests=("tests/integration/test_group_keys.py", "tests/integration/test_links.py"),
        guards=(
            "app/api",
            "app/core/dependencies.py",
            "app/core/group_filter.py",
            "app/core/opaque_tokens.py",
            "app/core/principal.py",
            "app/core/scopes.py",
            "app/findings",
            "app/identity",
            "app/inventory",
            "app/notifications",
            "app/orders",
            "app/overview",
            "app/reports",
            "app/rest",
            "app/scans",
            "app/sites",
            "app/transport",
            "app/websocket",
        ),
        beside=(
            "tests/unit/core/test_principal.py",
            "tests/unit/core/test_scopes.py",
            "tests/unit/identity",
            "tests/integration/test_api_keys.py",
        ),
    ),
    LongRun(
        name="corpora",
        tests=("tests/eval", "tests/system/test_real_sites.py"),
        guards=("app/engines", "app/domain", "app/lists", "bench"),
        beside=("tests/unit/engines",),
    ),
    LongRun(
        name="benchmarks",
        tests=("tests/integration/test_peer_bench.py", "tests/system/test_benchmarks.py"),
        guards=("bench", "Makefile", "app/compose", "app/events", "app/transport", "app/websocket"),
        beside=(
            "tests/integration/test_fanout_bench.py",
            "tests/integration/test_sites_bench.py",
            "tests/integration/test_web_bench.py",
        ),
    ),
    LongRun(
        name="unhindered loop",
        tests=("tests/integration/unhindered_loop",),
        guards=(
            "app/api",
            "app/configuration",
            "app/core",
            "app/domain",
            "app/events",
            "app/findings",
            "app/identity",
            "app/inventory",
            "app/lists",
            "app/notifications",
            "app/orders",
            "app/overview",
            "app/reports",
            "app/rest",
            "app/scans",
            "app/scanstore",
            "app/site_counts",
            "app/sites",
            "app/tasks/report_process",
            "app/transport",
            "app/websocket",
        ),
        beside=("tests/unit/reports", "tests/integration/test_api_reports.py", "tests/integration/test_api_pages.py"),
    ),
    LongRun(
        name="whole scans",
        tests=(
            "tests/e2e/test_scan_testnet.py",
            "tests/integration/test_cli_interrupts.py",
            "tests/integration/whole_scans",
        ),
        guards=(
            "app/captures",
            "app/cli",
            "app/domain",
            "app/engines",
            "app/events",
            "app/findings",
            "app/reports",
            "app/scans",
            "app/scanstore",
            "app/tasks",
            "testnet",
        ),
        beside=(
            "tests/integration/test_cli_demo.py",
            "tests/integration/test_evidence.py",
            "tests/integration/test_scan_process.py",
            "tests/integration/test_scan_testnet.py",
            "tests/unit/engines",
        ),
    ),
    LongRun(
        name="faults",
        tests=("tests/fault", "tests/integration/test_restored_backup.py"),
        guards=(
            "app/tasks",
            "app/events",
            "app/engines/pipeline/resumption.py",
            "app/scanstore",
            "app/core",
            "app/monitor",
            "app/scans",
            "app/findings",
            "app/maintenance",
            "app/notifications",
            "app/sites",
        ),
        beside=("tests/unit/tasks", "tests/integration/test_scan_process.py"),
        variables={"FAULTS": "short"},
    ),
    LongRun(
        name="restless world",
        tests=("tests/integration/test_restless_world.py", "tests/integration/test_scan_differences.py"),
        guards=(
            "app/inventory",
            "app/notifications",
            "app/engines",
            "app/domain/comparable.py",
            "app/domain/coverage.py",
            "app/domain/decisions.py",
            "app/domain/differences.py",
            "app/domain/inventory.py",
            "app/domain/matched_rules.py",
            "app/domain/page_looks.py",
            "app/domain/party_changes.py",
            "app/domain/party_memory.py",
            "app/domain/rechecks.py",
            "testnet/watched.py",
        ),
        beside=(
            "tests/integration/test_api_decisions.py",
            "tests/unit/domain/test_differences.py",
            "tests/unit/inventory",
        ),
    ),
)


def run_of(path: str) -> LongRun | None:
    """Return the run that a test file belongs to; None for the tests of every build."""
    return next((run for run in RUNS if run.holds(path)), None)


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether the path is one of the files, or in one of the folders."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def share_of(test_id: str) -> int:
    """Return which quarter a test belongs to, the same on every machine."""
    return zlib.crc32(test_id.encode()) % SHARES


def read_commit() -> int:
    """Return the number of commits up to HEAD, by which it chooses its quarter."""
    return int(_git("rev-list", "--count", "HEAD"))


def read_changes(since: str | None = None) -> set[str]:
    """Return the paths that differ from a commit: `since`, or the newest that is older than a session of work.

    What is not committed yet counts, too.
    """
    if since is None:
        head_s = int(_git("show", "-s", "--format=%ct", "HEAD"))
        before_s = head_s - HOURS_OF_A_CHANGE * 3_600
        since = _git("rev-list", "-1", f"--before={before_s}", "HEAD") or _git("rev-list", "--max-parents=0", "HEAD")
    changed = _git("diff", "--name-only", since).splitlines()
    return {*changed, *_git("ls-files", "--others", "--exclude-standard").splitlines()}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
