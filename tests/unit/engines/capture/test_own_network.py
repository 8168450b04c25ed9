"""The program that gives the browser its network, by itself."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.engines.capture import own_network
from app.engines.capture.browser_network import BrowserNetwork, prefix

UNKNOWN_NAMESPACE = 0x1  # of which the kernel knows nothing

REACH = """
import socket, sys
def reached(host, port):
    try:
        with socket.create_connection((host, int(port)), timeout=5) as it:
            it.sendall(b"hello")
        return "yes"
    except OSError:
        return "no"
print(*(reached(*place.split(":")) for place in sys.argv[1:]))
"""
WITHOUT = f"""
import sys
from pathlib import Path
from app.engines.capture import own_network
own_network.CLONE_NEWNET, own_network.CLONE_NEWUSER = {UNKNOWN_NAMESPACE}, 0
own_network.main()
"""
# As who is not root does it, also where root runs the test.
WITH_USER = """
from app.engines.capture import own_network
own_network.CLONE_NEWNET |= own_network.CLONE_NEWUSER
own_network.main()
"""


def test_why_there_is_no_namespace_is_found_out_without_leaving_anything():
    before = Path("/proc/self/ns/net").stat().st_ino
    assert own_network.fault_of(UNKNOWN_NAMESPACE) == "Invalid argument"
    assert Path("/proc/self/ns/net").stat().st_ino == before


def test_without_a_namespace_the_command_is_started_and_the_reason_said(tmp_path):
    place = tmp_path / ("a-long-name" * 20) / "network"
    place.parent.mkdir()
    network = BrowserNetwork.expect(place)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, place, "3128", "echo", "started", "with arguments"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "started with arguments\n"
    assert network.receive() == "Invalid argument"
    network.close()


@pytest.mark.system
@pytest.mark.parametrize("with_user", [False, True])
def test_the_command_reaches_the_socket_that_was_handed_over_and_nothing_else(tmp_path, with_user):
    network = BrowserNetwork.expect(tmp_path / "network")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        other = elsewhere.getsockname()[1]
        program = prefix(tmp_path / "network", 3128)
        if with_user:
            program = [sys.executable, "-c", WITH_USER, *program[-2:]]
        with subprocess.Popen(
            [*program, sys.executable, "-c", REACH, "127.0.0.1:3128", f"127.0.0.1:{other}"],
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            listener = network.receive()
            assert not isinstance(listener, str), listener
            with listener, listener.accept()[0] as connection:
                assert connection.recv(5) == b"hello"
            assert running.stdout.read() == "yes no\n"
    network.close()
