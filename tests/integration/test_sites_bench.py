"""The benchmark of the overview and the review queue runs, on data that is soon made."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_measures_what_people_read_of_very_many_scans(tmp_path):
    numbers = tmp_path / "numbers.json"
    size = ("--scans", "200", "--targets", "80", "--runs", "2")
    command = [sys.executable, "bench/sites.py", *size, "--json", str(numbers)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    found = json.loads(numbers.read_text())
    assert [name.partition(",")[0] for name in found] == [
        "overview",
        "search",
        "search for what is nowhere",
        "review",
        "review",
    ] * 2
    assert "too late" in done.stdout
