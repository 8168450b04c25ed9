import asyncio
import socket
import threading
from contextlib import closing, contextmanager

import dns.message
import dns.rcode

from app.cli.doctor.network import check_port, check_resolvers
from app.cli.doctor.result import CheckStatus
from app.core.config import Settings
from tests.support.streaming import stream_backend


def make(folder, **values):
    return Settings(data_dir=folder, **values)


async def test_a_server_of_ours_is_told_from_something_else(tmp_path):
    async with stream_backend(tmp_path) as backend:
        finding = await asyncio.to_thread(check_port, make(tmp_path, port=backend.port))
    assert (finding.state, finding.found) == (CheckStatus.OK, f"127.0.0.1:{backend.port} responds, ok")
    free = await asyncio.to_thread(check_port, make(tmp_path, port=backend.port))
    assert free.found.endswith("is free")


def hang_up(listener):
    listener.accept()[0].close()


def test_a_port_that_something_else_has_is_bad(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        finding = check_port(make(tmp_path, port=listener.getsockname()[1]))
    assert (finding.state, "is in use" in finding.found) == (CheckStatus.FAILED, True)


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
    assert (finding.state, "not queried" in finding.found) == (CheckStatus.OK, True)


def test_name_servers_that_answer_are_told_from_those_that_do_not(tmp_path):
    dead = dead_place()
    with name_server() as living:
        states = [
            check_resolvers(make(tmp_path, resolvers=places), ask=True, timeout_s=timeout_s)[0].state
            for places, timeout_s in (((living,), 20), ((living, dead), 3), ((dead,), 0.5))
        ]
    assert states == [CheckStatus.OK, CheckStatus.DEGRADED, CheckStatus.FAILED]
