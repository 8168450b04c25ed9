"""A language is data: with a third one in a copy of the program, everything that speaks speaks it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MARK = "«fr» "
SPEAK = """
from app.cli.terminal import language_of
from app.core.config import Settings
from app.domain.messages import Language, MessageCatalog
from app.domain.stages import STAGES
from app.domain.verdict import Reason, Result, Verdict, completion_message, reason_name
from app.domain.violations import ViolationKey, violation_name

language = Settings().language
assert language is Language.FR
assert language_of({"LANG": "fr_CA.UTF-8"}) is Language.FR
texts = MessageCatalog(language)
said = [violation_name(key, language) for key in ViolationKey] + [reason_name(reason, language) for reason in Reason]
said += [spec.name(language) for spec in STAGES]
said += [completion_message(Verdict(result, tuple(Reason)), texts) for result in Result]
print([text for text in said if "MARK" not in text])
""".replace("MARK", MARK)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A copy that knows French: one line, and one file."""
    folder = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    messages, locales = folder / "app/domain/messages.py", folder / "app/domain/locales"
    code = messages.read_text("utf-8")
    messages.write_text(code.replace('    EN = "en"\n', '    EN = "en"\n    FR = "fr"\n'), "utf-8")
    english = json.loads((locales / "en.json").read_text("utf-8"))
    french = {key: f"{MARK}{text}" for key, text in english.items()}
    (locales / "fr.json").write_text(json.dumps(french), "utf-8")
    return folder


def run(program, *arguments):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(program),
        "PYTHONPATH": str(program),
        "COMPLIANCE_LANGUAGE": "fr",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=program,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_every_name_is_said_in_the_third_language(program):
    assert run(program, "-c", SPEAK).stdout.strip() == "[]"


def test_a_scan_tells_what_it_does_in_the_third_language(program):
    silent = ("--resolver", "127.0.0.1:9", "--no-passive", "--no-screenshots")
    done = run(program, "-m", "app.cli", "scan", "site.example", "--json", *silent)
    report = json.loads(done.stdout)
    assert (done.returncode, report["task"]["status"]) == (3, "completed")
    assert [item["message"] for item in report["warnings"] if MARK not in item["message"]] == []
    assert report["warnings"]
    assert MARK in done.stderr
