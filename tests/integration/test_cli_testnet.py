"""`compliance testnet`, and what the demo does about a port that is taken."""

import json
import signal
import socket
from contextlib import closing

from app.cli.demo import code_of, is_taken
from tests.support.command import finish, line_with, start


async def test_it_prints_the_settings_and_runs_until_it_is_told_to_end():
    process = await start("testnet")
    line = json.loads(await line_with(process.stdout, "{"))
    assert set(line) == {"resolvers", "allow_networks", "ca_file", "port_map", "ct_urls", "demo_target"}
    assert process.returncode is None
    process.send_signal(signal.SIGINT)
    done = await finish(process, 20)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_port_that_is_taken_is_known():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert is_taken("127.0.0.1", port)
    assert not is_taken("127.0.0.1", port)


def test_a_demo_that_found_what_is_there_has_succeeded():
    assert code_of({"task": {"status": "completed"}}) == 0
    assert code_of({"task": {"status": "failed"}}) == 2
