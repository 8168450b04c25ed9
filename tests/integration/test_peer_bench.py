"""The benchmark beside Scrapy runs, on one page and a Scrapy that does nothing, and misses no processor time."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BENCH = [sys.executable, str(ROOT / "bench" / "peer_crawl.py")]
BUSY_S = 0.3
BUSY = f"import time\nwhile time.process_time() < {BUSY_S}: pass"
# A process that ends before one that it has started, whose output nobody waits for.
LEFT_ALONE = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)"


def run(*words):
    return subprocess.run([*BENCH, *words], check=True, capture_output=True, text=True, timeout=240)


def test_it_compares_a_scan_with_scrapy(tmp_path):
    peer = tmp_path / "peer"
    (peer / "bin").mkdir(parents=True)
    (peer / "scrapy==2.19.0").touch()  # it is installed
    python = peer / "bin" / "python"
    python.write_text("#!/bin/sh\nexec true\n")
    python.chmod(0o755)
    said = run("--site", "one", "--rounds", "1", "--pages", "5", "--peer", str(peer)).stdout
    scan = next(line.split() for line in said.splitlines() if line.startswith("scan "))
    assert int(scan[1]) == 1
    assert float(scan[4]) > BUSY_S
    assert "the scan costs" in said


def test_the_time_of_processes_counts_that_have_lost_their_parent():
    used = json.loads(run("--count", sys.executable, "-c", LEFT_ALONE, BUSY).stdout)
    assert used["code"] == 0
    assert used["seconds"] >= BUSY_S
