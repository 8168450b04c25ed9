import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli.doctor.machine import (
    check_browser,
    check_clock,
    check_file_limit,
    check_fonts,
    check_picture_texts,
    check_python,
)
from app.cli.doctor.result import CheckStatus
from app.core.config import Settings
from tests.support.said import said


def make(folder, **values):
    return Settings(data_dir=folder, **values)


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ((3, 10, 9), CheckStatus.FAILED),
        ((3, 11, 0), CheckStatus.OK),
        ((3, 13, 5), CheckStatus.OK),
        ((3, 15, 0), CheckStatus.DEGRADED),
    ],
)
def test_python_has_to_be_new_enough(version, state):
    assert check_python(version).state is state


@pytest.mark.parametrize(
    ("files", "state"),
    [(-1, CheckStatus.OK), (65_536, CheckStatus.OK), (1_024, CheckStatus.DEGRADED), (256, CheckStatus.FAILED)],
)
def test_the_file_limit_bounds_the_connections(tmp_path, files, state):
    finding = check_file_limit(make(tmp_path), files)
    assert finding.state is state
    if files == 1_024:
        assert "about 512 concurrent connections" in finding.means


def test_a_clock_that_stands_before_the_installation_is_wrong():
    assert check_clock().state is CheckStatus.OK
    assert check_clock(now_s=0).state is CheckStatus.FAILED


@contextmanager
def fake_browser(script):
    """Where the browser's own user may reach it."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    try:
        yield str(path)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        (
            '[ "$1" = --version ] && echo Chromium 1.2.3 || echo "<p>it-renders</p>"',
            CheckStatus.OK,
            "Chromium 1.2.3, sandboxed",
        ),
        ('echo "No usable sandbox!" >&2; exit 1', CheckStatus.DEGRADED, said("browser.sandbox")),
        ("echo first >&2; echo broken >&2; exit 1", CheckStatus.DEGRADED, "broken"),
        ("exit 3", CheckStatus.DEGRADED, "exit code 3"),
    ],
)
def test_a_browser_has_to_render(tmp_path, script, state, said):
    with fake_browser(script) as path:
        finding = check_browser(make(tmp_path, chromium_path=path))
    assert finding.state is state
    assert said in finding.found


def test_without_a_browser_scans_work():
    finding = check_browser(make(Path("x"), chromium_path="/nope/chromium"))
    assert (finding.state, "Scans work" in finding.means) == (CheckStatus.DEGRADED, True)


@pytest.mark.system
def test_the_real_browser_renders_in_its_sandbox_and_the_fonts_are_there(tmp_path):
    browser, fonts = check_browser(make(tmp_path)), check_fonts()
    assert (browser.state, fonts.state) == (CheckStatus.OK, CheckStatus.OK), (browser, fonts)


def test_fonts_are_looked_for_with_fontconfig(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_fonts().state is CheckStatus.DEGRADED
    lister = tmp_path / "fc-list"
    lister.write_text("#!/bin/sh\necho 'Noto Sans CJK SC,Noto Sans CJK SC Bold'\n")
    lister.chmod(0o755)
    assert check_fonts().found == "1, such as Noto Sans CJK SC"
    lister.write_text("#!/bin/sh\n")
    assert "boxes" in check_fonts().means


def test_what_reads_texts_in_pictures_is_never_a_must(tmp_path):
    program = tmp_path / "tesseract"
    missing = check_picture_texts(str(program))
    assert (missing.state, "everything else works" in missing.means) == (CheckStatus.DEGRADED, True)
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "tesseract 5.5.0" || echo eng\n')
    program.chmod(0o755)
    half = check_picture_texts(str(program))
    assert (half.state, half.found) == (CheckStatus.DEGRADED, "tesseract 5.5.0: eng")
    assert "chi_sim" in half.means
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "tesseract 5.5.0" || printf "eng\\nchi_sim\\n"\n')
    assert check_picture_texts(str(program)).state is CheckStatus.OK
