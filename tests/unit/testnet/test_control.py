import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from testnet import client
from testnet.client import TestnetError, attach, connect
from testnet.ground import CONTROL_PORT, HTTP_PORT, Ground
from tests.support.own_nets import own_net

NET = own_net()
GROUND = Ground(NET)
PATIENCE_S = 90


class Ends:
    """Waits for servers to end: the kernel tells when a process is gone, nothing is polled."""

    def __init__(self):
        self.handles = {}

    def watch(self, testnet):
        pid = testnet.ask(cmd="users")["pid"]
        if pid not in self.handles:
            self.handles[pid] = os.pidfd_open(pid)
        return pid

    def wait(self):
        for handle in self.handles.values():
            assert select.select([handle], [], [], PATIENCE_S)[0], "the test internet did not end"

    def close(self):
        for handle in self.handles.values():
            os.close(handle)


@pytest.fixture
def ends():
    ends = Ends()
    yield ends
    ends.wait()
    ends.close()


@pytest.fixture
def use(ends):
    """Attaches to the server of these tests; each test waits for its end, so that the next one starts afresh."""

    @contextmanager
    def use(grace_s=0):
        with attach(net=NET, grace_s=grace_s) as testnet:
            testnet.pid = ends.watch(testnet)
            yield testnet

    return use


def test_settings_name_everything_that_a_scanner_needs(use):
    with use() as testnet:
        settings = testnet.settings
        assert settings["resolvers"] == [f"127.{NET}.0.53:15353"]
        assert settings["allow_networks"] == ["127.64.0.0/10"]
        assert settings["port_map"] == {"53": 15353, "80": 18080, "443": 18443}
        assert settings["ct_urls"] == ["http://crt.ct-log.test/"]
        assert settings["demo_target"] == "corp.test"
        assert "BEGIN CERTIFICATE" in Path(settings["ca_file"]).read_text(encoding="ascii")


def test_a_second_user_shares_the_first_ones_server(use):
    with use() as one, use() as two:
        assert one.pid == two.pid
        assert two.ask(cmd="users")["users"] == 2


def test_users_that_start_at_the_same_time_end_up_with_one_server(ends):
    with ThreadPoolExecutor(6) as pool:
        users = list(pool.map(lambda _: connect(GROUND, grace_s=0), range(6)))
    pids = {ends.watch(user) for user in users}
    for user in users:
        user.close()
    assert len(pids) == 1


def test_it_ends_after_its_last_user_and_leaves_nothing_behind(use, ends):
    with use(0.1) as testnet:
        folder = Path(testnet.settings["ca_file"]).parent
    ends.wait()
    assert not folder.exists()


def test_a_user_that_comes_within_the_grace_period_keeps_it_alive(use):
    with use(2) as testnet:
        pid = testnet.pid
    with use() as testnet:
        assert testnet.pid == pid


def test_it_leads_a_session_of_its_own(use):
    with use() as testnet:
        assert os.getsid(testnet.pid) == testnet.pid
        assert os.getsid(0) != testnet.pid


def test_a_signal_ends_it_and_its_folder(use, ends):
    with use() as testnet:
        folder = Path(testnet.settings["ca_file"]).parent
        os.kill(testnet.pid, signal.SIGTERM)
        ends.wait()
        assert not folder.exists()
        with pytest.raises(ConnectionError):
            testnet.last_seq()


def test_something_foreign_on_the_control_port_is_said_clearly():
    with socket.create_server(GROUND.control) as foreign:

        def announce_wrongly():
            accepted, _ = foreign.accept()
            accepted.sendall(b"220 mail ready\r\n")
            accepted.close()

        thread = threading.Thread(target=announce_wrongly)
        thread.start()
        with pytest.raises(TestnetError, match=f"not the test internet listens at 127.{NET}.0.1:{CONTROL_PORT}"):
            connect(GROUND)
        thread.join()


def test_a_silent_foreigner_is_given_up_after_a_while(monkeypatch):
    monkeypatch.setattr(client, "START_TIMEOUT_S", 0.2)
    with socket.create_server(GROUND.control), pytest.raises(TestnetError, match="not the test internet"):
        connect(GROUND)


def test_a_web_port_that_is_taken_is_named():
    with socket.create_server((GROUND.address(1, 2), HTTP_PORT)), pytest.raises(TestnetError, match=str(HTTP_PORT)):
        connect(GROUND, grace_s=0)


def test_an_unknown_or_broken_command_hurts_nobody(use):
    with use() as testnet:
        assert testnet.ask(cmd="reboot") == {"error": "unknown command"}
        with socket.create_connection(GROUND.control, timeout=60) as rude, rude.makefile("rb") as lines:
            lines.readline()
            rude.sendall(b"no json\n")
            assert lines.readline() == b""
        assert testnet.last_seq() == 0


def hold(*arguments, **options):
    command = [sys.executable, "-m", "testnet", "--net", str(NET), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=client.ROOT, **options)


def test_the_command_prints_one_json_line_and_holds_until_stdin_ends(use):
    with use() as testnet, hold() as process:
        assert json.loads(process.stdout.readline()) == testnet.settings
        assert testnet.ask(cmd="users")["users"] == 2
        assert process.communicate(timeout=PATIENCE_S) == (b"", None)
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_at_a_signal(use, number):
    with use(), hold() as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 0


def test_the_command_ends_when_the_test_internet_does(use):
    with use() as testnet, hold(stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        os.kill(testnet.pid, signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 1
        assert process.stderr.read() == b"The test internet ended.\n"


def test_the_command_prints_expected_findings_and_hosts():
    with hold("expected", "corp.test") as process:
        assert json.loads(process.stdout.read())["target"] == "corp.test"
    with hold("hosts") as process:
        assert b"www.corp.test" in process.stdout.read()
    with hold("expected", "nobody.test", stderr=subprocess.PIPE) as process:
        assert b"no target" in process.stderr.read()
    assert process.returncode == 1
