"""What the doctor sees in a machine that has it, and in one that has not; and that it tells no secret."""

import asyncio
import json
import shutil
import socket
import sqlite3
import tempfile
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from app.cli.doctor.configuration import differing_settings, read_settings, settings_in_force
from app.cli.doctor.examination import examine
from app.cli.doctor.finding import State
from app.cli.doctor.machine import check_browser, check_clock, check_file_limit, check_fonts, check_python
from app.cli.doctor.network import check_port, check_resolvers
from app.cli.doctor.storage import check_database, check_folder, check_results, check_space
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.events.bus.memory import MemoryBus
from app.events.journal import Journal
from app.migrations.runner import head_revision, migrate
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts
from tests.support.command import here
from tests.support.rows import add_user
from tests.support.streaming import stream_house

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
QUIET = {"COMPLIANCE_PORT": "0", "COMPLIANCE_CHROMIUM_PATH": "/nope/chromium"}


def make(folder, **values):
    return Settings(data_dir=folder, **values)


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), State.BAD), ((3, 11, 0), State.OK), ((3, 13, 5), State.OK), ((3, 15, 0), State.LESS)],
)
def test_python_has_to_be_new_enough(version, state):
    assert check_python(version).state is state


@pytest.mark.parametrize(
    ("files", "state"), [(-1, State.OK), (65_536, State.OK), (1_024, State.LESS), (256, State.BAD)]
)
def test_the_file_limit_bounds_the_connections(tmp_path, files, state):
    finding = check_file_limit(make(tmp_path), files)
    assert finding.state is state
    if files == 1_024:
        assert "About 512 connections" in finding.means


def test_a_clock_that_stands_before_the_installation_is_wrong():
    assert check_clock().state is State.OK
    assert check_clock(now_s=0).state is State.BAD


@contextmanager
def fake_browser(script):
    """Where the browser's own user may reach it."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    try:
        yield str(path)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        (
            '[ "$1" = --version ] && echo Chromium 1.2.3 || echo "<p>it-draws</p>"',
            State.OK,
            "Chromium 1.2.3, sandboxed",
        ),
        ('echo "No usable sandbox!" >&2; exit 1', State.LESS, "its sandbox cannot be set up"),
        ("echo first >&2; echo broken >&2; exit 1", State.LESS, "broken"),
        ("exit 3", State.LESS, "exit code 3"),
    ],
)
def test_a_browser_has_to_draw(tmp_path, script, state, said):
    with fake_browser(script) as path:
        finding = check_browser(make(tmp_path, chromium_path=path))
    assert finding.state is state
    assert said in finding.found


def test_without_a_browser_scans_work():
    finding = check_browser(make(Path("x"), chromium_path="/nope/chromium"))
    assert (finding.state, "Scans work" in finding.means) == (State.LESS, True)


@pytest.mark.system
def test_the_real_browser_draws_in_its_sandbox_and_the_fonts_are_there(tmp_path):
    browser, fonts = check_browser(make(tmp_path)), check_fonts()
    assert (browser.state, fonts.state) == (State.OK, State.OK), (browser, fonts)


def test_fonts_are_looked_for_with_fontconfig(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_fonts().state is State.LESS
    lister = tmp_path / "fc-list"
    lister.write_text("#!/bin/sh\necho 'Noto Sans CJK SC,Noto Sans CJK SC Bold'\n")
    lister.chmod(0o755)
    assert check_fonts().found == "1, such as Noto Sans CJK SC"
    lister.write_text("#!/bin/sh\n")
    assert "boxes" in check_fonts().means


def test_a_folder_that_is_not_there_will_be_made_and_is_not_made_now(tmp_path):
    finding = check_folder(make(tmp_path / "a" / "b"))
    assert (finding.state, "will be made" in finding.found) == (State.OK, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_and_a_key_that_others_may_read_are_bad(tmp_path):
    (tmp_path / "file").write_text("x")
    assert check_folder(make(tmp_path / "file")).state is State.BAD
    key = tmp_path / "secret.key"
    key.write_text("x")
    key.chmod(0o644)
    assert str(key) in check_folder(make(tmp_path)).means
    key.chmod(0o600)
    assert check_folder(make(tmp_path)).state is State.OK


@pytest.mark.parametrize(("mib", "state"), [(10, State.BAD), (500, State.LESS), (5_000, State.OK)])
def test_free_space_counts(tmp_path, mib, state):
    assert check_space(make(tmp_path), mib << 20).state is state


def test_a_database_of_this_version_is_fine_and_an_older_one_is_migrated(tmp_path):
    settings = make(tmp_path)
    assert "will be made" in check_database(settings).found
    db = Database(settings.resolved_database_url)
    migrate(db, clock=SystemClock())
    asyncio.run(db.close())
    assert check_database(settings).found.endswith(f"{head_revision()}, the newest")
    assert set_revision(settings, "0001").means.startswith("`serve` copies it")
    assert set_revision(settings, "9999").state is State.BAD


def set_revision(settings, revision):
    with closing(sqlite3.connect(settings.data_dir / "compliance.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    return check_database(settings)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None])
def test_what_is_no_database_of_ours_is_bad(tmp_path, content):
    path = tmp_path / "compliance.db"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
            connection.commit()
    else:
        path.write_bytes(content)
    assert check_database(make(tmp_path)).state is State.BAD


def test_a_database_that_was_lost_is_bad(tmp_path):
    (tmp_path / "secret.key").touch()
    found = check_database(make(tmp_path))
    assert found.state is State.BAD
    assert f"{tmp_path}/secret.key tells that there was one" in found.found


def test_scans_and_their_files_are_compared(tmp_path):
    settings = make(tmp_path)
    assert check_results(settings).state is State.OK
    db = Database(settings.resolved_database_url)
    migrate(db, clock=SystemClock())
    owner = add_user(db, SystemClock(), "mei")
    lifecycle, journal = Lifecycle(clock=SystemClock(), texts=Texts("en")), Journal(db=db, bus=MemoryBus())
    journal.write_sync(lifecycle.create("a", user_id=owner, target_domain="a.org", config={}))
    journal.write_sync(lifecycle.claim("a", 1, "w", "a.org"))
    asyncio.run(db.close())
    found = check_results(settings)
    assert (found.state, found.found) == (State.BAD, "1 of 1 scans have no file, such as a-1.db")
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a-1.db").touch()
    assert check_results(settings).state is State.OK
    (tmp_path / "scans" / "b-1.db").touch()
    found = check_results(settings)
    assert (found.state, found.found) == (State.LESS, "1 files belong to no scan, such as b-1.db")


def test_a_database_elsewhere_needs_its_folder(tmp_path):
    assert check_database(make(tmp_path, database_url=f"sqlite:///{tmp_path}/no/x.db")).state is State.BAD
    assert check_database(make(tmp_path, database_url=f"sqlite:///{tmp_path}/x.db")).state is State.OK
    finding = check_database(make(tmp_path, database_url="postgresql://me:hidden@db.example/x"))
    assert (finding.state, "hidden" in finding.found) == (State.BAD, False)


async def test_a_server_of_ours_is_told_from_something_else(tmp_path):
    async with stream_house(tmp_path) as house:
        finding = await asyncio.to_thread(check_port, make(tmp_path, port=house.port))
    assert (finding.state, finding.found) == (State.OK, f"127.0.0.1:{house.port} answers, ok")
    free = await asyncio.to_thread(check_port, make(tmp_path, port=house.port))
    assert free.found.endswith("is free")


def hang_up(listener):
    listener.accept()[0].close()


def test_a_port_that_something_else_has_is_bad(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        finding = check_port(make(tmp_path, port=listener.getsockname()[1]))
    assert (finding.state, "is taken" in finding.found) == (State.BAD, True)


@contextmanager
def name_server():
    """Refuses every question, which is an answer."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve():
            while True:
                try:
                    data, peer = sock.recvfrom(512)
                except OSError:
                    return
                if not data:
                    return
                answer = dns.message.make_response(dns.message.from_wire(data))
                answer.set_rcode(dns.rcode.REFUSED)
                sock.sendto(answer.to_wire(), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as last:
                last.sendto(b"", sock.getsockname())
            thread.join()


def dead_place():
    """Where nobody listens."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


def test_name_servers_are_asked_only_when_told_to(tmp_path):
    dead = dead_place()
    (finding,) = check_resolvers(make(tmp_path, resolvers=(dead,)), ask=False)
    assert (finding.state, "not asked" in finding.found) == (State.OK, True)


def test_name_servers_that_answer_are_told_from_those_that_do_not(tmp_path):
    dead = dead_place()
    with name_server() as living:
        states = [
            check_resolvers(make(tmp_path, resolvers=places), ask=True, timeout_s=0.5)[0].state
            for places in ((living,), (living, dead), (dead,))
        ]
    assert states == [State.OK, State.LESS, State.BAD]


def test_unknown_and_wrong_variables_are_said_and_the_rest_is_looked_at_all_the_same(tmp_path, monkeypatch):
    environment = {
        "COMPLIANCE_PRT": "1",
        "COMPLIANCE_PORT": "many",
        "COMPLIANCE_LANGUAGE": "en",
        "COMPLIANCE_DATA_DIR": str(tmp_path),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, findings = read_settings(environment)
    assert (settings.port, settings.language, settings.data_dir) == (8_000, "en", tmp_path)
    assert [(f.name, f.state) for f in findings] == [("variables", State.BAD), ("settings", State.BAD)]
    assert "COMPLIANCE_PRT" in findings[0].found
    assert "COMPLIANCE_PORT" in findings[1].found
    assert "many" not in findings[1].found


def test_settings_are_shown_without_secrets(tmp_path):
    settings = make(
        tmp_path,
        secret_key=SECRET,
        database_url="postgresql://me:hidden@db.example/x",
        ct_urls=("https://log.example/?api_key=hidden",),
        port=9_000,
    )
    shown = json.dumps([settings_in_force(settings), differing_settings(settings)])
    assert SECRET not in shown
    assert "hidden" not in shown
    assert differing_settings(settings)["COMPLIANCE_SECRET_KEY"] == "(set)"
    assert settings_in_force(settings)["COMPLIANCE_PORT"] == 9_000
    assert len(settings_in_force(settings)) == len(Settings.model_fields)


def test_every_finding_that_is_not_fine_says_what_it_means(tmp_path):
    environment = {**QUIET, "COMPLIANCE_PRT": "1", "COMPLIANCE_DATABASE_URL": "sqlite:////nope/x.db"}
    _, findings = examine(environment, data_dir=tmp_path)
    assert [f.name for f in findings if f.state is not State.OK and not f.means] == []
    assert len({f.name for f in findings}) == len(findings)


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


def test_the_command_ends_with_one_when_something_matters(tmp_path, monkeypatch, capsys):
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "compliance.db").write_bytes(b"not a database at all" * 100)
    assert here("doctor", "--data-dir", tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("bad  database: ") and " -- " in line for line in lines)
    assert lines[-1].endswith("1 bad")
