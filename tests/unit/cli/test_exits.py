"""Exit codes and the one line that stands for an error."""

import asyncio
import io
import os
import signal

import pytest

from app.cli import exits, main
from app.cli.failures import describe
from app.cli.interrupts import Interrupts
from app.client.errors import Stopped
from app.core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("status", "violations", "result", "code"),
    [
        ("completed", 0, "clean", 0),
        ("completed", 3, "violations", 1),
        ("completed", 0, "inconclusive", 3),
        ("completed", 0, None, 3),  # of a version that gave no verdict
        ("completed", 1, None, 1),
        ("failed", 0, None, 2),
        ("failed", 3, None, 2),
        ("cancelled", 3, None, 130),
    ],
)
def test_the_code_follows_from_the_report(status, violations, result, code):
    verdict = None if result is None else {"result": result, "reasons": []}
    report = {"task": {"status": status}, "violations": [{}] * violations, "verdict": verdict}
    assert exits.of_report(report) == code


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["bogus"],
        ["scan"],
        ["scan", "site.example", "--max-pages", "0"],
        ["scan", "site.example", "--max-depth", "101"],
        ["scan", "site.example", "--resolve", "nonsense"],
        ["scan", "site.example", "--resolver", "nonsense"],
        ["scan", "site.example", "--allow-network", "nonsense"],
        ["scan", "site.example", "--ca-file", "/nowhere/ca.pem"],
        ["serve", "--port", "70000"],
        ["watch"],
        ["watch", "t1", "--url", "nonsense"],
        ["--bogus"],
    ],
)
def test_misuse_is_two_and_says_what_is_wrong(words, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert "Usage: compliance" in out + err


@pytest.mark.parametrize(
    "words",
    [
        [name, "--help"]
        for name in ("serve", "scan", "watch", "demo", "testnet", "migrate", "create-admin", "export-schema")
    ],
)
def test_every_command_explains_itself(words, capsys):
    assert main(words) == 0
    assert f"Usage: compliance {words[0]}" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("compliance 0.")


def test_a_watcher_without_token_and_terminal_is_told_what_to_do(capsys, monkeypatch):
    monkeypatch.delenv("COMPLIANCE_TOKEN", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["watch", "t1"]) == 2
    assert "COMPLIANCE_TOKEN" in capsys.readouterr().err


def test_an_unknown_setting_refuses(capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_PROT", "9000")
    for words in (
        ["serve"],
        ["scan", "site.example"],
        ["migrate"],
        ["create-admin"],
        ["watch", "t1"],
        ["export-schema"],
    ):
        assert main(words) == 2
        assert "compliance: unknown settings: COMPLIANCE_PROT" in capsys.readouterr().err


def test_a_traceback_is_shown_to_who_asks_for_it(capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_PORT", "nonsense")
    assert main(["serve"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("COMPLIANCE_LOG_LEVEL", "DEBUG")
    assert main(["serve"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigurationError("Port 1 is taken."), "Port 1 is taken."),
        (Stopped("It refuses.", code="logged_out"), "It refuses."),
        (ExceptionGroup("x", [ValueError("a"), ExceptionGroup("y", [ConfigurationError("deep")])]), "deep"),
        (ValueError("one\ntwo"), "ValueError: one (COMPLIANCE_LOG_LEVEL=DEBUG shows more)"),
        (ExceptionGroup("x", [KeyError()]), "KeyError"),
    ],
)
def test_an_error_is_one_line(error, line):
    assert describe(error) == line


async def test_the_first_signal_asks_and_the_second_cancels():
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGTERM)

    async def work():
        with interrupts.caught():
            os.kill(os.getpid(), signal.SIGTERM)
            await interrupts.asked.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert signal.getsignal(signal.SIGTERM) is before


async def test_at_once_the_first_signal_cancels():
    async def work():
        with Interrupts().caught(at_once=True):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
