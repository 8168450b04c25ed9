"""limit.c in Python, for machines without a C compiler: the same commands and answers (see there), and slower.

fanout_plain.py send PORT SNDBUF | fanout_plain.py follow PORT
"""

import select
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Final

from fanout_plain_subscriber import STDIN, Crowd, say

from app.server import raise_file_limit
from app.transport.framing import frame_text

UPGRADE: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: bm9ib2R5IGNoZWNrcyB0aGlzIQ==\r\n\r\n"
)
WELCOME: Final = UPGRADE + b"".join(
    frame_text(text)
    for text in (
        b'{"type":"connection_established"}',
        b'{"type":"subscription_result","success":true}',
        b'{"type":"task_snapshot","seq":0}',
    )
)


class Sender:
    """A server that does nothing but send."""

    def __init__(self, port: int, send_buffer: int) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(4_096)
        self._subscribers: list[socket.socket] = []
        self._seq = 0

    def run(self) -> None:
        say(ready=True)
        while True:
            readable, _, _ = select.select([STDIN, self._listener.fileno()], [], [])
            if self._listener.fileno() in readable:
                self._welcome(self._listener.accept()[0])
            elif (line := sys.stdin.readline()) == "":
                return
            else:
                _, m, k, rate, tasks = line.split()
                self._send(int(m), int(k), float(rate), int(tasks))

    def _welcome(self, subscriber: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += subscriber.recv(8_192)
        subscriber.sendall(WELCOME)
        self._subscribers.append(subscriber)

    def _send(self, m: int, k: int, rate: float, tasks: int) -> None:
        groups = max(1, tasks)
        k = max(1, k // groups)
        started, cpu = time.monotonic(), time.process_time()
        for done in range(0, m, k):
            if rate > 0:
                time.sleep(max(0.0, started + done / rate - time.monotonic()))
            count = min(k, m - done)
            for group in range(groups):
                name = f"bench-{group}" if tasks else "bench"
                data = b"".join(self._event(name, self._seq + number) for number in range(1, count + 1))
                for subscriber in self._subscribers[group::groups]:
                    subscriber.sendall(data)
            self._seq += count
        say(done=m, seconds=time.monotonic() - started, cpu_s=time.process_time() - cpu)

    def _event(self, name: str, seq: int) -> bytes:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return frame_text(
            f'{{"type":"task_warning","task_id":"{name}","seq":{seq},"prev_seq":{seq - 1},"attempt":1,"code":"partial",'
            f'"message":"{"x" * 28} @t={time.monotonic_ns()}","timestamp":"{moment}"}}'.encode()
        )


def main() -> None:
    raise_file_limit()
    kind, port, *rest = sys.argv[1:]
    if kind == "send":
        Sender(int(port), int(rest[0])).run()
    else:
        Crowd(int(port)).run()


if __name__ == "__main__":
    main()
