import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from app.cli.doctor.report import _print, examine
from app.cli.doctor.result import CheckResult, CheckStatus
from app.domain.messages import Language, MessageCatalog
from tests.support.command import here
from tests.support.said import said

QUIET = {"COMPLIANCE_PORT": "0", "COMPLIANCE_CHROMIUM_PATH": "/nope/chromium"}


def test_every_finding_that_is_not_fine_says_what_it_means(tmp_path):
    environment = {**QUIET, "COMPLIANCE_PRT": "1", "COMPLIANCE_DATABASE_URL": "sqlite:////nope/x.db"}
    _, findings = examine(environment, data_dir=tmp_path)
    assert [f.name for f in findings if f.state is not CheckStatus.OK and not f.means] == []
    assert len({f.name for f in findings}) == len(findings)


def test_the_command_ends_with_one_when_something_matters(tmp_path, monkeypatch, capsys):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "compliance.db").write_bytes(b"not a database at all" * 100)
    assert here("doctor", "--data-dir", tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.split()[:2] == [said("doctor.state.bad"), f"{said('doctor.name.database')}:"] and " -- " in line
        for line in lines
    )
    assert lines[-1].endswith("1 failed")


@pytest.mark.parametrize("language", Language)
def test_a_terminal_of_80_columns_breaks_no_path(language, tmp_path):
    texts = MessageCatalog(language)
    path = f"/srv/{'long-name/' * 7}compliance.db"
    results = [
        CheckResult("database", CheckStatus.OK, path),
        CheckResult("chromium", CheckStatus.DEGRADED, "less " * 20, f"see {path}: {'words ' * 20}"),
    ]
    written = io.StringIO()
    _print(results, Console(file=written, force_terminal=True, width=80, color_system=None), texts)
    lines = written.getvalue().splitlines()
    assert sum(path in line for line in lines) == 2
    assert all(cell_len(line) <= 80 for line in lines if path not in line)


SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"


def test_the_command_prints_json_and_is_fine_without_a_browser(tmp_path, monkeypatch, capsys):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COMPLIANCE_SECRET_KEY", SECRET)
    assert here("doctor", "--json", "--data-dir", tmp_path) == 0
    said = capsys.readouterr().out
    document = json.loads(said)
    assert document["fine"] is True
    assert {f["name"]: f["state"] for f in document["findings"]}["chromium"] == "less"
    assert document["settings"]["COMPLIANCE_DATA_DIR"] == str(tmp_path)
    assert SECRET not in said


def test_every_check_speaks_both_languages(tmp_path):
    for language in Language:
        texts = MessageCatalog(language)
        _, results = examine(QUIET, texts, data_dir=tmp_path / "data")
        assert [texts(f"doctor.name.{result.name}") for result in results]
    chinese = MessageCatalog("zh-CN")
    _, results = examine(QUIET, chinese, data_dir=tmp_path / "data")
    found = {result.name: result.found for result in results}
    assert found["port"] == "任一空闲端口"
    assert found["results"] == "还没有扫描"
