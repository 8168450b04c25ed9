"""Every benchmark that `make` starts or a document names begins, comes to its end and prints numbers, on tiny data.

Whether a number is good is asked of the full run, by people; here no bound is measured that a busy machine would miss.
"""

import re
import subprocess
import sys

import pytest

from tests.docs.markdown import DOCUMENTS, ROOT
from tests.system.test_new_page import built  # noqa: F401 - a fixture: the page is looked at

pytestmark = pytest.mark.system

BENCH = ROOT / "bench"
LIMIT_S = 300.0  # of one that hangs
# As they are called, with what makes them small, and a text of what they print.
SCRIPTS: dict[str, tuple[list[str], str]] = {
    "crawl": (["--pages", "30"], "pages"),
    "discovery": (
        ["--names", "40", "--addresses", "4", "--silent", "0", "--answer-ms", "1", "--least", "0"],
        "names/s",
    ),
    "realtime": (["--watchers", "3", "--seconds", "0.5"], "watchers"),
    "fanout": (["--quick", "--only", "connects"], "connect"),
    "two_servers": (
        ["--subscribers", "4", "--rate", "20", "--seconds", "1", "--rounds", "1", "--asked-p99-ms", "60000"],
        "distributed",
    ),
    "growth": (["--divide", "1000"], "too late"),
    "writelock": (["--seconds", "1", "--scans", "1", "--hogs", "1"], "lock"),
    "housekeeping": (
        ["--tasks", "60", "--events", "600", "--large", "200", "--seconds", "60"],
        "a round with nothing due",
    ),
    "scaling": (["--rounds", "20"], "1,000 times"),
    "rolling_restart": (["--clients", "4"], "clients"),
    "floods": (["--seconds", "0.5", "--at-once", "4"], "rounds of the monitor"),
    "soak": (["--connections", "20", "--minutes", "0.1"], "connections"),
}
MODULES: dict[str, tuple[list[str], str]] = {
    "bench.big_world": (["--no-screenshots", "--max-pages", "20"], "pages"),
    "bench.page_figures": (["--divide", "100"], "on the wire"),
    "tests.eval.eval_batch": (["11"], "precision"),
    "tests.eval.eval_set": ([], "precision"),
    "tests.eval.eval_site": ([], "accused"),
    "tests.eval.learn_classifier": (["--every", "8"], "violating"),
    "tests.eval.learn_passages": ([], "held back"),
    "tests.eval.local_reader": (["--every", "8"], "one page"),
    "tests.eval.looks": (["--root", "docs/images"], "pairs"),
    "tests.eval.page_looks": (["--pages", "12"], "have a look"),
}
# What is a part of one of these, and what other tests start.
PARTS = {"naive_server", "page_moments"}  # of fanout, and of page_figures
STARTED_ELSEWHERE = {
    "bench.eval_web": "tests/integration/test_web_bench.py",
    "tests.eval.eval_corpora": "tests/eval/test_eval_corpora.py",
    "tests.eval.eval_own_sites": "tests/eval/test_eval_own_sites.py",
    "fanout_server": "tests/integration/test_fanout_bench.py",
    "peer_crawl": "tests/integration/test_peer_bench.py",
    "sites": "tests/integration/test_sites_bench.py",
}
NAMED = re.compile(r"python bench/(\w+)\.py|python -m ((?:bench|tests\.eval)\.\w+)|`bench/(\w+)\.py`")


def named() -> set[str]:
    """What `make` starts, and what the documents say to start."""
    texts = [path.read_text("utf-8") for path in (*DOCUMENTS, ROOT / "Makefile") if path.name != "CHANGELOG.md"]
    return {name for groups in NAMED.findall("\n".join(texts)) for name in groups if name}


def run(command: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_that_is_named_is_started_by_a_test():
    started = {*SCRIPTS, *MODULES, *STARTED_ELSEWHERE}
    assert named() - PARTS - started == set()
    for name, path in STARTED_ELSEWHERE.items():
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8")), name


def test_everything_that_is_there_is_named_or_a_part_of_what_is():
    modules = {path.stem for path in BENCH.glob("*.py")}
    imported = {
        name
        for path in BENCH.glob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from ")) or ".py" in line
        for name in re.findall(r"\w+", line)
        if name in modules and name != path.stem
    }
    assert modules - {name.removeprefix("bench.") for name in named()} - imported == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_prints_its_numbers(name):
    words, said = SCRIPTS[name]
    assert said in run([f"bench/{name}.py", *words])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_prints_its_numbers(name):
    words, said = MODULES[name]
    assert said in run(["-m", name, *words])


def test_growth_prints_its_numbers_on_postgresql_too():
    assert "too late" in run(["bench/growth.py", "--postgres", "--divide", "1000"])
