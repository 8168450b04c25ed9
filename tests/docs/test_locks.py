"""The locks of `requirements`: all are pinned anew by `make lock`, and what is tested is what is installed."""

import re
import subprocess

import pytest

from tests.docs.markdown import ROOT

FOLDER = ROOT / "requirements"
NAMES = sorted(path.stem for path in FOLDER.glob("*.in"))
PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ ]+)", re.MULTILINE)


def pins(name: str) -> set[tuple[str, str]]:
    """Name and version of each package."""
    return set(PIN.findall(text_of(name)))


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text("utf-8")


def test_every_list_of_requirements_is_pinned_by_make_lock():
    command = ["make", "--dry-run", "--no-print-directory", "lock"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    written = re.findall(r"requirements/(\w+)\.in -o requirements/(\w+)\.txt$", said, re.MULTILINE)
    assert sorted(written) == [(name, name) for name in NAMES]
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("dev", "font", "node", "installer")])
def test_what_is_tested_has_the_versions_of_what_is_installed(name):
    assert pins(name)
    assert pins(name) - pins("dev") == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_lock_says_where_packages_come_from(name):
    assert "--hash=sha256:" in text_of(name)
    assert "://" not in text_of(name)


def test_the_makefile_installs_nothing_but_what_is_pinned_by_its_hash():
    lines = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if line.startswith("\t")]
    installing = [line for line in lines if re.search(r"pip install|\$\(PIP\)|\$\(call INSTALL", line)]
    assert len(installing) >= 5
    own = "--no-deps --no-build-isolation -e ."
    assert [line for line in installing if "--require-hashes" not in line and own not in line] == []
