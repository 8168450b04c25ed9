"""What /proc shows of a process, seen from outside."""

import subprocess
import sys
from pathlib import Path

CODE = """
import os, sys
from app.tasks.fork_server.shown_process import NotShown, ShownProcess

shown = ShownProcess(variable="A_MARK", argument="first")
print("made", flush=True)
input()
pid = os.fork()
if pid == 0:
    shown.show(value=sys.argv[3], arguments=sys.argv[4])
    print(os.getpid(), flush=True)
    input()
    os._exit(0)
os.waitpid(pid, 0)
"""


def shown(pid):
    environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return [entry for entry in environ if b"MARK" in entry], arguments[3:]


def test_a_forked_process_shows_what_it_has_written_and_its_parent_what_it_was_started_with():
    environment = {"ANOTHER_MARK": "A_MARK=no", "A_MARK": "-" * 40, "LAST": "x"}
    command = [sys.executable, "-c", CODE, "first", "second", "task-1", "app.the.module"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdout.readline() == "made\n"
        before = shown(process.pid)
        assert before == (
            [b"ANOTHER_MARK=A_MARK=no", b"A_MARK=" + b"-" * 40],
            [b"first", b"second", b"task-1", b"app.the.module"],
        )
        process.stdin.write("\n")
        child = int(process.stdout.readline())
        assert shown(child) == ([b"ANOTHER_MARK=A_MARK=no", b"A_MARK=task-1"], [b"app.the.module"])
        assert shown(process.pid) == before
        process.stdin.write("\n")
    assert process.returncode == 0


def run(code, **environment):
    command = [sys.executable, "-c", f"from app.tasks.fork_server.shown_process import *\n{code}", "first"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)


def test_what_does_not_stand_there_cannot_be_shown():
    done = run("ShownProcess(variable='A_MARK', argument='first')", NOT_A_MARK="x")
    assert "NotShown: b'A_MARK=' is not there" in done.stderr


def test_a_value_that_is_too_long_is_refused_and_arguments_that_are_too_long_stay():
    code = """
shown = ShownProcess(variable='A_MARK', argument='first')
shown.show(value='short', arguments='far too long for this place')
print(Path('/proc/self/cmdline').read_bytes().rstrip(b"\\0").split(b"\\0")[-1].decode())
shown.show(value='x' * 11, arguments='first')
"""
    done = run(code, A_MARK="ten bytes.")
    assert done.stdout == "first\n"
    assert "ValueError: too long for A_MARK" in done.stderr


def test_where_the_system_shows_something_else_it_is_said():
    code = """
import tempfile
from app.tasks.fork_server import shown_process
with tempfile.NamedTemporaryFile() as other:
    shown_process._ENVIRON = Path(other.name)
    ShownProcess(variable='A_MARK', argument='first')
"""
    assert "NotShown: the environment is not where it should be" in run(code, A_MARK="ten bytes.").stderr
