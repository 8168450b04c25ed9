import subprocess
import sys
from pathlib import Path

import pytest

from app.tasks.priority import NICE

STEP_BACK = "from app.tasks.priority import step_back; import os; step_back(); print(os.nice(0))"
AUTOGROUP = Path("/proc/self/autogroup")


def stepped_back(show):
    command = [sys.executable, "-c", f"{STEP_BACK}; {show}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()


def test_a_scan_is_nicer_than_the_server():
    before = int(subprocess.run(["nice"], capture_output=True, text=True, check=True).stdout)
    assert stepped_back("") == [str(min(19, before + NICE))]


@pytest.mark.parametrize("path", [AUTOGROUP] if AUTOGROUP.exists() else [])
def test_so_is_its_session_where_sessions_are_scheduled_as_groups(path):
    assert stepped_back(f"print(open('{path}').read())")[-2:] == ["nice", str(NICE)]
