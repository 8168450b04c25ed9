"""The benchmark of what is read of all sites runs, on data that is soon made."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


READS = [
    "overview",
    "sites",
    "sites, 200 on a page",
    "sites with a text",
    "search",
    "search without a result",
    "review",
    "review, the next page",
    "all third parties",
    "third parties, the newest",
    "third parties by risk",
    "third parties by risk, the tenth page",
    "third parties by pages",
    "third parties with a risk",
    "third parties without a risk",
    "third parties with a text",
    "third parties of a service",
    "third parties without a service",
    "services",
    "sites with a service",
    "sites with a third party",
    "differences",
    "differences of one section",
]


def test_it_measures_what_people_read_of_very_many_scans(tmp_path):
    numbers = tmp_path / "numbers.json"
    size = ("--scans", "200", "--targets", "80", "--parties", "200", "--runs", "2")
    command = [sys.executable, "bench/sites.py", *size, "--json", str(numbers)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    assert list(json.loads(numbers.read_text())) == [
        f"{name}, {who}" for who in ("an administrator", "the large owner") for name in READS
    ]
    assert "the first comparison: 4 differences" in done.stdout
    assert "the comparison of those that take turns: 400 differences" in done.stdout
    assert "too late" in done.stdout


def test_all_sites_may_be_of_one_user_and_a_comparison_that_takes_longer_than_asked_fails():
    size = ("--users", "1", "--scans", "60", "--targets", "5", "--parties", "100", "--runs", "2")
    command = [sys.executable, "bench/sites.py", *size, "--limit-s", "0"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    assert "60 completed scans of 5 sites" in done.stdout
    assert "too late: the first comparison" in done.stdout
    assert done.returncode == 1
