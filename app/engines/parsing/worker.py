"""The processes that read: `python -m app.engines.parsing.worker`, or a process that was forked (`launch`).

The first one has loaded everything and forks a process for each socket that it was given. When a process dies while it
reads, it tells the scan on the process's socket how, and forks the next one, which goes on with the next frame there.
One that dies at another time may leave half a frame in either direction, and nobody knows which job was its last: the
first one hangs up, and the scan starts all of them again. While a process reads, a timer of processor time runs: when
it ends, the kernel ends the process, in Python or in C. When the scan is gone, processes see the end of their socket.
"""

import gc
import mmap
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from app.engines.parsing.frames import MAX_JSON, Kind, frame, receive, send
from app.engines.parsing.jobs import Jobs, TooMuch

MAX_MEMORY: Final = 2 * 1024**3  # bytes of address space beside lists; a page of 5 MiB needs at most a quarter
COLLECT_EVERY: Final = 20_000  # objects
PAUSE_S: Final = 0.02  # before the next process: one that cannot live must not keep a core busy
MAX_REASON: Final = 200
MAX_ANSWER_BYTES: Final = MAX_JSON  # of all its frames: the scan hangs up on a longer one, and keeps them all in memory
_COMM: Final = Path("/proc/self/comm")
_AUTOGROUP: Final = Path("/proc/self/autogroup")
_WEIGHT: Final = "5"  # as `nice` counts: a third of the weight


def serve(channels: Sequence[socket.socket], jobs: Jobs) -> None:
    """Keeps a process on every channel until the scan hangs up on all."""
    gc.collect()
    gc.freeze()  # what all processes share stays shared
    gc.set_threshold(COLLECT_EVERY)  # what is made of a page goes with it: next to nothing is left to be collected
    at_work = mmap.mmap(-1, len(channels))  # shared: a byte for each process, 1 while it reads
    processes = {_fork(number, channels, at_work, jobs): number for number in range(len(channels))}
    while processes:
        pid, status = os.wait()
        number = processes.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            continue
        if not at_work[number]:
            _hang_up(channels[number])
            continue
        at_work[number] = 0
        if _tell(channels[number], code):
            time.sleep(PAUSE_S)
            processes[_fork(number, channels, at_work, jobs)] = number


def _hang_up(channel: socket.socket) -> None:
    with suppress(OSError):  # the scan is gone
        channel.shutdown(socket.SHUT_RDWR)


def _tell(channel: socket.socket, code: int) -> bool:
    """False: the scan is gone."""
    try:
        send(channel, Kind.DIED, code)
    except OSError:
        return False
    return True


def _fork(number: int, channels: Sequence[socket.socket], at_work: mmap.mmap, jobs: Jobs) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    channel = channels[number]
    try:
        for other in channels:
            if other is not channel:
                other.close()
        _limit(MAX_MEMORY + jobs.mapped_bytes)
        _read(channel, jobs, at_work, number)
        code = 0
    except OSError:
        code = 0  # the scan is gone
    finally:
        os._exit(code)


def _limit(memory: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a terminal's Ctrl-C is the scan's business
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, whatever it is doing
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _read(channel: socket.socket, jobs: Jobs, at_work: mmap.mmap, number: int) -> None:
    send(channel, Kind.STARTED, os.getpid())
    while (received := receive(channel)) is not None:
        _, (name, cpu_s, *arguments), body = received
        at_work[number] = 1
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        answer = _answer(jobs, name, body, arguments)
        signal.setitimer(signal.ITIMER_PROF, 0)
        at_work[number] = 0
        channel.sendall(answer)


def _answer(jobs: Jobs, name: str, body: bytes, arguments: list[object]) -> bytes:
    """All frames of the answer. The border of a page: whatever it makes our code do ends here."""
    try:
        return _frames_of(jobs.run(name, body, arguments))
    except (MemoryError, TooMuch):
        return frame(Kind.FAILED, "memory")
    except RecursionError:
        return frame(Kind.FAILED, "nesting")
    except Exception as error:  # noqa: BLE001 - the page's doing or ours: the scan names the page and logs this
        place = f"{type(error).__name__}: {error}"[:MAX_REASON].encode("ascii", "backslashreplace").decode()
        return frame(Kind.FAILED, place)


def _frames_of(answer: Sequence[Any]) -> bytes:
    """Return the frames of an answer, which has at least one piece. Raises TooMuch above `MAX_ANSWER_BYTES`."""
    *parts, last = answer
    frames: list[bytes] = []
    size = 0
    for kind, part in (*((Kind.PART, part) for part in parts), (Kind.DONE, last)):
        frames.append(frame(kind, part))
        size += len(frames[-1])
        if size > MAX_ANSWER_BYTES:
            raise TooMuch
    return b"".join(frames)


def _lower_priority() -> None:
    """Linux shares the processor out by session where it can; ours is our own, and nobody's sockets wait for a page."""
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # not on this kernel
            _AUTOGROUP.write_text(_WEIGHT)


def _take_name() -> None:
    """For `ps`: the arguments are those of the scan where it was forked by it."""
    with suppress(OSError):  # not on this kernel
        _COMM.write_text("parsers")


def serve_order(order: Mapping[str, Any], make_jobs: Callable[..., Jobs] = Jobs) -> None:
    """`order`: the descriptors of the sockets, and what the jobs need to know."""
    _take_name()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _lower_priority()
    channels = [socket.socket(fileno=descriptor) for descriptor in order["channels"]]
    jobs = make_jobs(**order["jobs"])
    jobs.prepare()
    serve(channels, jobs)


def main(make_jobs: Callable[..., Jobs] = Jobs) -> None:
    """argv: the order as JSON."""
    serve_order(orjson.loads(sys.argv[1]), make_jobs)


if __name__ == "__main__":
    main()
