"""The parent of the parsers, forked by a process that has one thread: so each test has a process of its own."""

import subprocess
import sys
import time

import pytest

from tests.unit.engines.parsing.test_pool import is_alive

FIRST = """
import asyncio, json, os, sys
from pathlib import Path
from app.domain.reputation_lists import ListKind, UsedList
from app.engines.parsing.launch import ReadyParent, execute
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool

ready = ReadyParent(nice=3)
os.environ["A_SECRET"] = "after the fork"
"""


def run(code, *words):
    done = subprocess.run(
        [sys.executable, "-c", FIRST + code, *map(str, words)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


PARSED = """
async def main():
    async with ParserPool(target="a.test", launch=ready.launch) as pool:
        found = await PageParser(pool).page(b"<a href=http://b.test/>b</a>", url="http://a.test/", headers=())
        parent = pool.processes()[0]
        status = Path(f"/proc/{parent}/status").read_text()
        print(*(reference.url for reference in found.references))
        print(next(line for line in status.splitlines() if line.startswith("PPid")).split()[1] == str(os.getpid()))
        print(os.getsid(parent) == parent, os.getpriority(os.PRIO_PROCESS, parent) == min(os.nice(0) + 3, 19))
        print("A_SECRET" in Path(f"/proc/{parent}/environ").read_text())
        print(Path(f"/proc/{parent}/fd/0").readlink(), Path(f"/proc/{parent}/fd/1").readlink())

asyncio.run(main())
"""


def test_the_forked_parent_reads_pages_in_a_session_of_its_own_and_knows_nothing_that_came_later():
    assert run(PARSED) == ["http://b.test/", "True", "True", "True", "False", "/dev/null", "/dev/null"]


LISTS = """
async def main():
    lists = []
    for name in sys.argv[1:]:
        used = UsedList(name, name, ListKind.BLOCK, "a source", "2026-11-30", "", 1, "", 1)
        lists.append((used, os.open(name, os.O_RDONLY)))
    async with ParserPool(target="a.test", lists=lists, launch=ready.launch) as pool:
        await pool.run("document", "utf-8", body=b"x")
        parent = Path(f"/proc/{pool.processes()[0]}/fd")
        print(*((parent / str(number)).readlink().name for _, number in lists))

asyncio.run(main())
"""


def test_the_files_of_lists_have_the_numbers_there_that_they_have_here(tmp_path):
    names = [f"list-{number}" for number in range(9)]
    for name in names:
        (tmp_path / name).write_text("party.test\t00000001\tgambling\t0.9\n")
    assert run(LISTS, *(tmp_path / name for name in names)) == names


AGAIN = """
async def main():
    async with ParserPool(target="a.test", launch=ready.launch) as pool:
        await pool.run("document", "utf-8", body=b"x")
        first = pool.processes()
        for pid in first:
            os.kill(pid, 9)
        (found,) = await pool.run("document", "utf-8", body=b"<title>again</title>")
        print(first[0] != pool.processes()[0], "again" in json.dumps(found))
        print("worker" in Path(f"/proc/{pool.processes()[0]}/cmdline").read_text())

asyncio.run(main())
"""


def test_one_that_was_killed_is_followed_by_one_that_is_executed():
    assert run(AGAIN) == ["True", "True", "True"]


GONE = """
os.kill(ready._parent.pid, 9)
ready._parent.wait()

async def main():
    async with ParserPool(target="a.test", launch=ready.launch) as pool:
        (found,) = await pool.run("document", "utf-8", body=b"<title>all the same</title>")
        print("worker" in Path(f"/proc/{pool.processes()[0]}/cmdline").read_text())

asyncio.run(main())
"""


def test_one_that_died_while_it_waited_is_replaced():
    assert run(GONE) == ["True"]


def test_one_that_gets_no_order_ends_with_the_scan():
    code = "print(ready._parent.pid, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", FIRST + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as scan:
        parent = int(scan.stdout.readline())
        assert is_alive(parent)
        scan.kill()
    deadline = time.monotonic() + 30
    while is_alive(parent):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_waiting_for_it_has_a_limit_and_killing_it_ends_the_wait():
    code = """
import subprocess
try:
    ready._parent.wait(0.05)
except subprocess.TimeoutExpired:
    print("waits")
ready._parent.kill()
print(ready._parent.wait(), ready._parent.wait())
ready._parent.kill()
"""
    assert run(code) == ["waits", "-9", "-9"]


WITHOUT = """
def refuse(pid):
    raise error

class Without:
    def __getattr__(self, name):
        if name == "pidfd_open":
            return refuse
        return getattr(os, name)

import app.engines.parsing.launch as launch
launch.os = Without()
other = ReadyParent()

async def main():
    async with ParserPool(target="a.test", launch=other.launch) as pool:
        await pool.run("document", "utf-8", body=b"x")
        print("worker" in Path(f"/proc/{pool.processes()[0]}/cmdline").read_text())

asyncio.run(main())
"""


@pytest.mark.parametrize("error", ["AttributeError()", "OSError(38, 'Function not implemented')"])
def test_where_processes_have_no_descriptors_the_parsers_are_executed(error):
    assert run(f"error = {error}" + WITHOUT) == ["True"]
