import io

import pytest

from app.cli import main
from app.cli.watch import ask_credentials
from app.client.errors import SignInFailed
from app.domain.messages import MessageCatalog


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
        ["--bogus"],
    ],
)
def test_misuse_is_two_and_says_what_is_wrong(words, capsys):
    assert main([*words, "--lang", "en"]) == 2
    out, err = capsys.readouterr()
    assert "Usage: compliance" in out + err
    assert main(["--lang=zh-CN", *words]) == 2
    out, err = capsys.readouterr()
    assert "用法：compliance" in out + err


@pytest.mark.parametrize(
    "words",
    [
        [name, "--help"]
        for name in ("serve", "scan", "watch", "demo", "testnet", "migrate", "create-admin", "export-schema")
    ],
)
def test_every_command_explains_itself(words, capsys):
    assert main([*words, "--lang", "en"]) == 0
    assert f"Usage: compliance {words[0]}" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("compliance 0.")


def test_a_watcher_without_token_and_terminal_is_told_what_to_do():
    with pytest.raises(SignInFailed, match="COMPLIANCE_TOKEN"):
        ask_credentials("http://127.0.0.1:8000", MessageCatalog("en"), terminal=io.StringIO())


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
        assert main([*words, "--lang", "en"]) == 2
        assert "compliance: Unknown settings: COMPLIANCE_PROT." in capsys.readouterr().err


def test_a_traceback_is_shown_to_who_asks_for_it(capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_PORT", "nonsense")
    assert main(["serve"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("COMPLIANCE_LOG_LEVEL", "DEBUG")
    assert main(["serve"]) == 2
    assert "Traceback" in capsys.readouterr().err
