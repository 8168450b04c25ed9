import gc
import signal
import subprocess
import sys

import pytest

from app.cli import exit_codes, main, process
from app.cli.interrupts import interruptible
from app.cli.process import run
from tests.support.command import ROOT, environment

# What is left in a module is cleared after handlers of signals have been given up.
INTERRUPTED_WHILE_MODULES_ARE_CLEARED = """
import os, signal, sys, types
from app.cli import exit_codes, main, process

class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGINT):
        kill(own, number)

sys.modules["late"] = types.ModuleType("late")
sys.modules["late"].kept = Late()
sys.argv[1:] = ["--version"]
raise SystemExit(main())
"""
INTERRUPTED_WHEN_THE_COMMAND_HAS_ENDED = """
import os, signal, sys
from app.cli import main

sys.argv[1:] = ["--version"]
main()
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_command_leaves_the_handlers_of_signals_as_they_were(capsys):
    before = signal.getsignal(signal.SIGINT)
    assert main(["--version"]) == 0
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().out.startswith("compliance 0.")


@pytest.mark.parametrize(
    ("program", "code"),
    [(INTERRUPTED_WHILE_MODULES_ARE_CLEARED, 0), (INTERRUPTED_WHEN_THE_COMMAND_HAS_ENDED, exit_codes.STOPPED)],
)
def test_a_signal_after_the_command_is_no_traceback(program, code):
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (code, "")
    assert ended.stdout.startswith("compliance 0.")


def test_an_error_that_nobody_expects_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COMPLIANCE_PORT", "nonsense")
    assert run(["serve", "--data-dir", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("compliance: ")


@pytest.mark.parametrize("words", [["--lang", "fr"], ["--lang"]])
def test_an_unknown_language_is_two(words, capsys):
    assert run(words) == 2
    assert "zh-CN / en" in capsys.readouterr().err


def test_garbage_is_looked_for_when_a_command_runs_and_not_before(monkeypatch):
    looked = [gc.isenabled()]
    monkeypatch.setattr(process, "take_language", lambda _words: looked.append(gc.isenabled()))
    main(["--version"])
    interruptible(lambda: looked.append(gc.isenabled()) or 0)
    assert looked == [True, False, True]
    assert gc.isenabled()
