"""`compliance scan` as a process, on a small site on real sockets."""

import json
import signal
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli import scan as command
from app.core.data_folder import ServerLocks, prepare_folder
from app.domain.messages import MessageCatalog
from app.findings.schemas.results import Report
from tests.support.command import finish, here, line_with, run, start
from tests.support.said import said
from tests.support.small_world import TARGET, small_world


@pytest.fixture
async def world():
    async with small_world() as opened:
        opened.delay_s = 0.02
        yield opened


def network(world):
    settings = world.settings
    words = ["--no-passive", "--no-screenshots", "--no-keep"]
    words += [word for address in settings["resolvers"] for word in ("--resolver", address)]
    return words + [word for cidr in settings["allow_networks"] for word in ("--allow-network", cidr)]


def values(world, folder: Path, **more):
    """The port map has no option: it is a setting."""
    return {"COMPLIANCE_PORT_MAP": ",".join(world.settings["port_map"]), "TMPDIR": str(folder), **more}


async def test_violations_are_one_and_the_report_stands_alone_on_standard_output(world, tmp_path):
    done = await run("scan", TARGET, "--json", "--scheme", "http", *network(world), **values(world, tmp_path))
    assert done.code == 1, done.err
    report = json.loads(done.out)
    Report.model_validate(report)
    assert (report["task"]["status"], report["task"]["config"]["scheme"]) == ("completed", "http")
    found = {(item["domain"], item["violation_key"]) for item in report["violations"]}
    assert found == {
        ("bad-bets.example", "gambling"),
        ("hidden-bets.example", "gambling"),
        ("hidden-bets.example", "hidden_link"),
    }
    assert report["statistics"]["total_violations"] == len(report["violations"])
    assert "子域名发现：已完成" in done.err  # the deployment's language: the locale says none
    assert done.err.count("发现违规：") == 3
    assert list(tmp_path.iterdir()) == []  # the private folder is gone


async def test_beside_a_service_the_address_of_its_page_is_shown(world, tmp_path):
    words = ["scan", TARGET, "--scheme", "http", *[word for word in network(world) if word != "--no-keep"]]
    prepare_folder(tmp_path / "data")
    service = ServerLocks(tmp_path / "data", None)
    service.announce("http://127.0.0.1:8123")
    try:
        settings = values(world, tmp_path, LANG="en", COMPLIANCE_DATA_DIR=str(tmp_path / "data"))
        done = await run(*words, **settings)
    finally:
        service.release()
    assert done.code == 1, done.err
    url = f"http://127.0.0.1:8123/?target={TARGET}"
    assert done.err.splitlines()[0] == said("cli.scan_elsewhere", url=url)
    assert " --port 0" in done.err


@pytest.fixture
def beside_a_service(tmp_path, monkeypatch):
    """Return what `run_scan` says at once; nothing is scanned."""
    prepare_folder(tmp_path / "data")
    service = ServerLocks(tmp_path / "data", None)
    service.announce("http://127.0.0.1:8123")
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(command, "_run", lambda *_: 0)
    monkeypatch.setattr(command, "open_testnet", lambda *_: nullcontext(SimpleNamespace(overrides={})))
    yield lambda **more: command.run_scan(
        command.ScanArguments(targets=[TARGET], keep=False, **more), MessageCatalog("en")
    )
    service.release()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMPLIANCE_REDIS_URL", "redis://redis.example"),
        ("COMPLIANCE_DATABASE_URL", "postgresql+psycopg://db.example/x"),
    ],
)
def test_what_a_service_alone_is_set_to_keeps_no_scan_from_its_own_folder(
    beside_a_service, monkeypatch, capsys, name, value
):
    """The scan has a database of its own, and no Redis."""
    monkeypatch.setenv(name, value)
    assert beside_a_service() == 0
    assert "http://127.0.0.1:8123" in capsys.readouterr().err


def test_a_scan_of_the_test_internet_cannot_be_started_in_a_service(beside_a_service, capsys):
    assert beside_a_service(use_testnet=True) == 0
    assert capsys.readouterr().err == ""


async def test_only_what_the_baseline_does_not_have_counts_and_the_rest_is_said(world, tmp_path):
    words, settings = network(world), values(world, tmp_path, LANG="en")
    first = await run("scan", TARGET, "--json", "--fail-on", "critical", *words, **settings)
    report = json.loads(first.out)
    findings = {item["finding_id"]: item["risk_level"] for item in report["violations"]}
    assert "critical" not in findings.values()
    assert first.code == 0, first.err
    assert said("gate.below", count=len(findings), level=said("critical")) in first.err
    assert "new_findings" not in report
    baseline = tmp_path / "baseline.json"
    report["violations"] = [item for item in report["violations"] if item["domain"] != "hidden-bets.example"]
    baseline.write_text(json.dumps(report))
    second = await run("scan", TARGET, "--json", "--baseline", baseline, *words, **settings)
    assert second.code == 1, second.err
    (new,) = json.loads(second.out)["new_findings"]
    assert (new["target_domain"], new["finding_id"]) == (TARGET, "gambling.hidden-bets.example")
    assert said("gate.known", count=1) in second.err


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{", said("usage.baseline_file")),
        ('{"task": {"target_domain": "other.example"}, "violations": []}', "other.example"),
    ],
)
def test_a_baseline_that_is_none_is_refused_before_the_scan(content, line, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LANG", "en")
    monkeypatch.chdir(tmp_path)
    baseline = tmp_path / "baseline.json"
    baseline.write_text(content)
    assert here("scan", TARGET, "--baseline", baseline) == 2
    out, err = capsys.readouterr()
    assert line in err
    assert (out, list(tmp_path.iterdir())) == ("", [baseline])


def test_an_unknown_risk_is_refused_with_those_that_there_are(capsys, monkeypatch):
    monkeypatch.setenv("LANG", "en")
    assert here("scan", TARGET, "--fail-on", "huge") == 2
    assert "low / medium / high / critical" in capsys.readouterr().err


async def test_clean_is_zero_and_people_get_tables_in_their_language(world, tmp_path):
    words = ["--start-url", f"http://{TARGET}/p/7", "--max-depth", 0]
    done = await run("scan", TARGET, *words, *network(world), **values(world, tmp_path, LANG="en_GB.UTF-8"))
    assert done.code == 0, done.err
    assert f"{TARGET}: completed after" in done.out
    assert "No violations found." in done.out
    assert "Page crawl: completed" in done.err
    assert {url for url in world.requests if "/p/" in url} == {f"http://{TARGET}/p/7"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_scan_is_cancelled_and_says_what_it_has(world, tmp_path, number):
    world.delay_s = 0.5
    process = await start("scan", TARGET, "--json", *network(world), **values(world, tmp_path, LANG="en"))
    await line_with(process.stderr, "Page crawl: running")
    process.send_signal(number)
    done = await finish(process, 20)
    assert done.code == 130, done.err
    assert json.loads(done.out)["task"]["status"] == "cancelled"
    assert f"{TARGET}: cancelled" in done.err
    assert list(tmp_path.iterdir()) == []


async def test_a_named_folder_is_kept_and_its_first_password_is_shown(world, tmp_path):
    folder = tmp_path / "kept"
    words = ["--data-dir", folder, "--start-url", f"http://{TARGET}/p/7", "--max-depth", 0]
    done = await run("scan", TARGET, *words, *network(world), **values(world, tmp_path, LANG="en"))
    assert done.code == 0, done.err
    assert said("cli.first_use", folder=folder, password="") in done.err
    assert (folder / "compliance.db").exists()
    assert f"compliance report {folder}" in done.err
    again = await run("scan", TARGET, *words, *network(world), **values(world, tmp_path, LANG="en"))
    assert again.code == 0, again.err
    assert "password" not in again.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["localhost"], said("error.target_local_name")),
        (["10.0.0.1"], "compliance: "),
        (["no domain"], "compliance: "),
        (["com"], "compliance: "),
        ([TARGET, "--start-url", "http://other.example/"], "compliance: "),
        ([TARGET, "--data-dir", "/dev/null/x"], "cannot be created"),
    ],
)
def test_what_cannot_be_scanned_is_two_and_one_line(words, line, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert here("scan", *words) == 2
    out, err = capsys.readouterr()
    assert line in err
    assert len(err.splitlines()) == 1
    assert (out, list(tmp_path.iterdir())) == ("", [])


def test_another_database_than_the_folders_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATABASE_URL", "postgresql://db.example/x")
    monkeypatch.setenv("COMPLIANCE_SECRET_KEY", "0123456789abcdef" * 4)
    assert here("scan", TARGET, "--data-dir", tmp_path / "data") == 2
    assert "COMPLIANCE_DATABASE_URL" in capsys.readouterr().err
