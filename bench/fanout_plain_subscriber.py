"""The subscriber of limit.c in Python, for machines without a C compiler: the same commands and answers (see there)."""

import json
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

STDIN: Final = 0
READ_BYTES: Final = 1 << 18
PATIENCE_S: Final = 60.0
QUIET_S: Final = 0.05  # nothing more comes from a socket that said nothing for so long
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: cut without a trace


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def number_after(payload: bytes, key: bytes) -> int:
    """The digits after the first `key`; -1: none."""
    _, found, rest = payload.partition(key)
    if not found:
        return -1
    end = 0
    while end < len(rest) and 48 <= rest[end] <= 57:
        end += 1
    return int(rest[:end] or -1)


@dataclass(slots=True, eq=False)
class Subscriber:
    """One connection. `state`: closed, connecting, welcome, waiting, ready."""

    index: int
    link: socket.socket | None = None
    state: str = "closed"
    stalled: bool = False
    last: int = -1
    count: int = 0
    carry: bytes = b""


@dataclass(slots=True)
class Counts:
    """What came since the last command that counts."""

    target: int = 0
    complete: int = 0
    frames: int = 0
    size: int = 0
    first_sent: int = 0
    last_came: int = 0
    samples: list[int] = field(default_factory=list)
    replayed: int = 0
    snapshots: int = 0


class Crowd:
    """All connections of one process, on one epoll."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tasks = 0
        self._tokens: list[str] = []
        self._epoll = select.epoll()
        self._epoll.register(STDIN, select.EPOLLIN)
        self._by_fd: dict[int, Subscriber] = {}
        self._all: list[Subscriber] = []
        self._counts = Counts()
        self._gaps = self._refused = self._lost = 0
        self._commands: dict[str, Callable[..., dict[str, Any]]] = {
            "token": self._load_tokens,
            "open": self._open,
            "stall": self._stall,
            "arm": self._arm,
            "wait": self._wait,
            "cut": self._cut,
            "forget": self._forget,
            "resume": lambda at_once, seq: self._reconnect(at_once, seq, stalled=False),
            "rejoin": lambda at_once, seq: self._reconnect(at_once, seq, stalled=True),
            "report": self._report,
        }

    def run(self) -> None:
        say(ready=True)
        while True:
            while not self._turn(None):
                pass
            line = sys.stdin.readline()
            if line == "":
                return
            name, *arguments = line.split()
            say(**self._commands[name](*arguments))

    # Commands

    def _load_tokens(self, path: str) -> dict[str, Any]:
        self._tokens = Path(path).read_text().split()
        return {"tokens": len(self._tokens)}

    def _open(self, count: str, at_once: str, tasks: str) -> dict[str, Any]:
        self._tasks = int(tasks)
        fresh = [Subscriber(len(self._all) + number) for number in range(int(count))]
        self._all += fresh
        seconds = self._connect(fresh, int(at_once))
        ready = [one for one in fresh if one.state == "ready"]
        lowest = min((one.last for one in ready), default=-1)
        return {"opened": len(ready), "seconds": seconds, "refused": self._refused, "seq": lowest}

    def _stall(self, count: str) -> dict[str, Any]:
        for one in self._all[-int(count) :]:
            one.stalled = True
            if one.link is not None:
                self._epoll.unregister(one.link)
        return {"stalled": int(count)}

    def _arm(self, m: str) -> dict[str, Any]:
        self._counts = Counts(target=int(m))
        for one in self._all:
            one.count = 0
        return {"armed": int(m)}

    def _wait(self, patience_s: str) -> dict[str, Any]:
        counts, until = self._counts, time.monotonic() + float(patience_s)
        readers = len(self._reading())
        while counts.complete < readers and time.monotonic() < until:
            self._turn(0.1)
        counts.target = 0
        samples = sorted(counts.samples) or [0]
        return {
            "complete": counts.complete,
            "readers": len(self._reading()),
            "frames": counts.frames,
            "bytes": counts.size,
            "seconds": (counts.last_came - counts.first_sent) / 1e9,
            "p50_ms": samples[len(samples) // 2] / 1e6,
            "p99_ms": samples[len(samples) * 99 // 100] / 1e6,
            "max_ms": samples[-1] / 1e6,
            "gaps": self._gaps,
        }

    def _cut(self) -> dict[str, Any]:
        for one in self._all:
            self._close(one, cut=True)
        return {"cut": len(self._all)}

    def _forget(self) -> dict[str, Any]:
        for one in self._all:
            one.last = -1
        return {"forgotten": len(self._all)}

    def _reconnect(self, at_once: str, seq: str, *, stalled: bool) -> dict[str, Any]:
        chosen = [one for one in self._all if one.stalled == stalled]
        cut_off = sum(self._read_rest(one) for one in chosen) if stalled else 0
        for one in chosen:
            self._close(one, cut=True)
            one.stalled = False
        self._counts, started = Counts(), time.monotonic()
        connected_s = self._connect(chosen, int(at_once))
        while any(one.last < int(seq) for one in chosen) and time.monotonic() - started < PATIENCE_S:
            self._turn(0.01)
        return {
            "reconnected": len(chosen),
            "level": sum(one.last >= int(seq) for one in chosen),
            "connected_s": connected_s,
            "seconds": time.monotonic() - started,
            "replayed": self._counts.replayed,
            "snapshots": self._counts.snapshots,
            "gaps": self._gaps,
            "were_cut_off": cut_off,
            "refused": self._refused,
        }

    def _report(self) -> dict[str, Any]:
        ready = sum(one.state == "ready" for one in self._all)
        return {"connections": ready, "closed": self._lost, "gaps": self._gaps, "refused": self._refused}

    # Sockets

    def _reading(self) -> list[Subscriber]:
        return [one for one in self._all if one.state == "ready" and not one.stalled]

    def _connect(self, chosen: list[Subscriber], at_once: int) -> float:
        started, waiting = time.monotonic(), iter(chosen)
        under_way: list[Subscriber] = []
        while True:
            under_way = [one for one in under_way if one.state in ("connecting", "welcome", "waiting")]
            for one in waiting:
                self._start(one)
                under_way.append(one)
                if len(under_way) >= at_once:
                    break
            if not under_way or time.monotonic() - started > PATIENCE_S:
                return time.monotonic() - started
            self._turn(0.1)

    def _start(self, one: Subscriber) -> None:
        one.link = socket.socket()
        one.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.link.setblocking(False)
        one.link.connect_ex(("127.0.0.1", self._port))
        one.state, one.carry = "connecting", b""
        self._by_fd[one.link.fileno()] = one
        self._epoll.register(one.link, select.EPOLLOUT)

    def _close(self, one: Subscriber, *, cut: bool) -> None:
        if one.link is None:
            return
        del self._by_fd[one.link.fileno()]
        if cut:
            one.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        else:
            self._lost += 1
        one.link.close()
        one.link, one.state = None, "closed"

    def _turn(self, timeout_s: float | None) -> bool:
        """One round of epoll; whether a command waits."""
        heard = False
        for fd, _ in self._epoll.poll(timeout_s):
            one = self._by_fd.get(fd)
            if fd == STDIN:
                heard = True
            elif one is not None and one.state == "connecting":
                self._ask(one)
            elif one is not None:
                self._read(one)
        return heard

    def _ask(self, one: Subscriber) -> None:
        assert one.link is not None
        token = self._tokens[one.index % len(self._tokens)] if self._tokens else f"u{one.index}"
        one.link.send(
            f"GET /api/v1/monitor/ws?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        one.state = "welcome"
        self._epoll.modify(one.link, select.EPOLLIN)

    def _read_rest(self, one: Subscriber) -> bool:
        """What came before the server let go of it; whether it did."""
        quiet_since = time.monotonic()
        while one.link is not None and time.monotonic() - quiet_since < QUIET_S:
            before = self._counts.size
            self._read(one)
            if self._counts.size != before:
                quiet_since = time.monotonic()
            else:
                time.sleep(0.001)
        return one.link is None

    def _read(self, one: Subscriber) -> None:
        assert one.link is not None
        try:
            data = one.link.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(one, cut=False)
            return
        now = self._counts.last_came = time.monotonic_ns()
        self._counts.size += len(data)
        one.carry += data
        if one.state == "welcome" and not self._is_upgraded(one):
            return
        for opcode, payload in _frames(one):
            if opcode == 1:
                self._take(one, payload, now)
            elif opcode == 9:
                self._send(one, 10, payload)
            elif opcode == 8:
                self._close(one, cut=False)
                return

    def _is_upgraded(self, one: Subscriber) -> bool:
        head, found, rest = one.carry.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._refused += 1
            self._close(one, cut=False)
            return False
        one.state, one.carry = "waiting", rest
        return True

    def _send(self, one: Subscriber, opcode: int, payload: bytes) -> None:
        assert one.link is not None
        size = len(payload)
        head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
        one.link.send(head + bytes(4) + payload)  # a mask of zeros

    def _take(self, one: Subscriber, payload: bytes, now: int) -> None:
        if payload.startswith((b'{"type":"task_warning"', b'{"type":"task_logs"')):
            self._take_event(one, payload, now)
        elif b'"type":"task_snapshot"' in payload:
            one.last, one.state = number_after(payload, b'"seq":'), "ready"
            self._counts.snapshots += 1
        elif b'"type":"connection_established"' in payload:
            task = f"bench-{one.index % self._tasks}" if self._tasks else "bench"
            position = f',"last_seq":{one.last}' if one.last >= 0 else ""
            self._send(one, 1, f'{{"type":"subscribe_task","task_id":"{task}","log_tail":0{position}}}'.encode())
        elif b'"type":"subscription_result"' in payload:
            one.state = "ready" if b'"recovered":true' in payload else one.state
            self._refused += b'"success":false' in payload

    def _take_event(self, one: Subscriber, payload: bytes, now: int) -> None:
        counts, seq = self._counts, number_after(payload, b'"seq":')
        if seq <= one.last:
            return
        self._gaps += one.last >= 0 and number_after(payload, b'"prev_seq":') > one.last
        one.last = seq
        counts.frames += 1
        counts.replayed += 1
        one.count += 1
        counts.complete += one.count == counts.target
        if counts.target:
            sent = number_after(payload, b"@t=")
            counts.first_sent = counts.first_sent or sent
            counts.samples.append(now - sent)


def _frames(one: Subscriber) -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of what is complete; a server's frames are not masked and ours are never fragmented."""
    data, at = one.carry, 0
    while len(data) - at >= 2:
        size, start = data[at + 1] & 0x7F, at + 2
        wide = {126: 2, 127: 8}.get(size, 0)
        if len(data) < start + wide:
            break
        if wide:
            size, start = int.from_bytes(data[start : start + wide]), start + wide
        if len(data) < start + size:
            break
        one.carry = data[start + size :]  # right even if the reader ends here
        yield data[at] & 0x0F, data[start : start + size]
        at = start + size
