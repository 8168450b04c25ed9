"""`compliance demo --once`, with Chromium, as `make demo DEMO_ONCE=1` runs it."""

import faulthandler
import re
import subprocess
import sys

import pytest

from tests.support.command import ROOT, environment

LIMIT_S = 900
OF_BUSY = re.compile(r'"event":"\w+(_missed|_waits?)"')  # a busy machine says so, and the scan goes on


@pytest.mark.system
def test_the_demo_shows_how_to_sign_in_scans_and_ends():
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    command = [sys.executable, "-m", "app.cli", "demo", "--once", "--port", "0"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(LANG="en_GB.UTF-8"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"URL +http://127\.0\.0\.1:\d+", done.stdout)
    assert re.search(r"Password +\S{8,}", done.stdout)
    assert "corp.test: violations found" in done.stdout
    assert "findings: 17" in done.stdout, done.stdout + done.stderr
    assert [line for line in done.stderr.splitlines() if not OF_BUSY.search(line)] == []
