"""The server itself: what it loads, and when it refuses to serve."""

import os
import select
import socket
import subprocess
import sys
import threading

import pytest

from app.tasks import process_tree
from app.tasks.fork_server.client import COMMAND
from app.tasks.fork_server.main import load, serve
from tests.support import forked_program


def test_a_module_makes_what_its_processes_share(monkeypatch):
    made = []
    monkeypatch.setattr(forked_program, "preload", lambda: made.append("shared"), raising=False)
    assert load([forked_program.MODULE]) == {forked_program.MODULE: forked_program.run_process}
    assert made == ["shared"]


def test_beside_threads_it_does_not_serve():
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, name="a-module's")
    thread.start()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, pytest.raises(RuntimeError, match="a-module's"):
        serve(theirs, {}, None)
    go_on.set()
    thread.join()


@pytest.mark.parametrize(
    ("modules", "environment", "words"),
    [
        (["no.such.module"], {process_tree.MARK: "-" * 100}, "No module named 'no'"),
        ([forked_program.MODULE], {}, "NotShown"),
    ],
)
def test_without_its_modules_or_a_place_for_marks_it_does_not_begin(modules, environment, words):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        done = subprocess.run(
            [*COMMAND, *modules],
            stdin=theirs.fileno(),
            env={**process_tree.allowed(os.environ), **environment},
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 1
    assert words in done.stderr


def test_a_supervisor_that_goes_without_reading_an_answer_is_no_mistake():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        server = subprocess.Popen(
            [*COMMAND, forked_program.MODULE],
            stdin=theirs.fileno(),
            env={**process_tree.allowed(os.environ), process_tree.MARK: "-" * 100},
            stderr=subprocess.PIPE,
        )
        assert select.select([ours], [], [], 60)[0]  # it says that it is ready
    _, said = server.communicate(timeout=240)
    assert (server.returncode, said) == (0, b"")


@pytest.mark.parametrize("module", ["app.tasks.worker.main", "app.tasks.rendering.main"])
def test_what_processes_of_ours_load_starts_no_thread_and_keeps_nothing_open(module):
    code = f"""
import os
from pathlib import Path
from app.tasks.fork_server.main import load
load(["{module}"])
print(len(list(Path("/proc/self/task").iterdir())), sorted(os.listdir("/proc/self/fd"))[:-1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout == "1 ['0', '1', '2']\n"
