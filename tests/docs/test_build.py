"""The build script, with `make` replaced: which parts fail it, and what becomes of them when it is ended."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.cluster import wait_until

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class Build:
    """A copy of the script in a folder of its own, where everything is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        shutil.copytree(ROOT / ".ci", folder / ".ci")
        self.program("dpkg-query", "echo install ok installed")
        self.program("make", 'echo "made $1"')

    def program(self, name: str, script: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def begin(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}", "TMPDIR": str(self.folder)}
        command = [self.folder / ".ci/run"]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
        )

    def run(self) -> tuple[int, str]:
        process = self.begin()
        said, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, said

    def left(self) -> list[str]:
        """What it has not removed."""
        return [path.name for path in self.folder.glob("tmp.*")]


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path)


def test_a_build_passes_if_all_of_its_parts_do(build):
    code, said = build.run()
    assert code == 0, said
    assert said.count("made ") == 5
    assert "All parts passed." in said
    assert build.left() == []


def test_a_part_that_fails_fails_the_build_and_the_others_are_run(build):
    build.program("make", 'echo "made $1"; [ "$1" != test-frontend ]')
    code, said = build.run()
    assert code == 1
    assert said.count("made ") == 5
    assert "Failed: test-frontend." in said


@pytest.mark.parametrize("name", ["test-frontend", "test"])
def test_a_part_that_is_killed_without_a_result_fails_the_build(build, name):
    build.program("make", f'echo "made $1"; [ "$1" != {name} ] || kill -9 $PPID')
    code, said = build.run()
    assert code == 1
    assert said.count("made ") == 5
    assert f"Failed: {name} (no result)." in said


def test_a_part_that_cannot_begin_fails_the_build(build):
    (build.folder / ".ci/part").rename(build.folder / ".ci/real")
    (build.folder / ".ci/part").write_text('#!/bin/sh\n[ "$2" != test ] || exit 127\nexec "${0%/*}/real" "$@"\n')
    (build.folder / ".ci/part").chmod(0o755)
    code, said = build.run()
    assert code == 1
    assert "Failed: test (no result)." in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_ended_ends_its_parts_and_shows_what_they_said(build, number):
    build.program("make", f'echo "made $1"; case $1 in test-*) echo $$ > {build.folder}/$1.pid; exec sleep 300; esac')
    process = build.begin()
    files = [build.folder / f"{name}.pid" for name in ("test-system", "test-frontend")]
    wait_until(lambda: all(file.exists() and file.read_text() for file in files), within_s=PATIENCE_S)
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "made test-system\n" in said
    assert "made test-frontend\n" in said
    assert "made test-long" not in said
    assert not [file for file in files if Path(f"/proc/{int(file.read_text())}").exists()]
    assert build.left() == []
