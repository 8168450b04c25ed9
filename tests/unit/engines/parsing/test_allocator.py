import subprocess
import sys

PAGES = """
import sys
from pathlib import Path
from app.engines.parsing.allocator import keep_memory

def kib():
    return int(next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmRSS")).split()[1])

if sys.argv[1] == "keep":
    keep_memory()
tree = [bytearray(100_000) for _ in range(400)]  # pieces below both thresholds
full = kib()
del tree
print(full - kib())
"""


def given_back(way):
    done = subprocess.run([sys.executable, "-c", PAGES, way], capture_output=True, text=True, check=True, timeout=240)
    return int(done.stdout)


def test_what_a_page_took_stays_with_the_process():
    assert given_back("as ever") > 30_000
    assert given_back("keep") < 5_000
