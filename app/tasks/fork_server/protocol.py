"""What a supervisor and its fork server say to each other: JSON messages on a SOCK_SEQPACKET pair, with descriptors.

| from the supervisor | answer |
|---|---|
| `module`, `mark`, with descriptors of input, output and errors | `pid`, with a descriptor of the process; or `error` |
| `reap`: the id of a process that has ended | `code` |

Each request has an `id`, which its answer repeats. The first message of the server has none: it is ready. A process
that has ended stays a zombie until it is reaped: so its id is nobody else's while the supervisor may send it a signal.
"""

import socket
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

MAX_MESSAGE_BYTES: Final = 4_096
MAX_DESCRIPTORS: Final = 3
READY: Final = orjson.dumps({"ready": True})


@dataclass(slots=True)
class Message:
    """`descriptors` belong to the receiver. `fields` is empty when the other side is gone."""

    fields: dict[str, Any]
    descriptors: list[int] = field(default_factory=list)


def fork_request(number: int, module: str, mark: str | None) -> bytes:
    return orjson.dumps({"id": number, "module": module, "mark": mark})


def reap_request(number: int, pid: int) -> bytes:
    return orjson.dumps({"id": number, "reap": pid})


def answer(request: dict[str, Any], **fields: Any) -> bytes:
    return orjson.dumps({"id": request["id"], **fields})


def receive(control: socket.socket) -> Message:
    """Return the next message. Raises OSError and, for what no program of ours has sent, ValueError."""
    said, ancillary, flags, _ = control.recvmsg(
        MAX_MESSAGE_BYTES, socket.CMSG_SPACE(MAX_DESCRIPTORS * array("i").itemsize), socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    if flags & socket.MSG_TRUNC:
        raise ValueError("a message of the fork server is too long")
    return Message(orjson.loads(said) if said else {}, list(descriptors))


def send(control: socket.socket, message: bytes, descriptors: tuple[int, ...] = ()) -> bool:
    """Return False when the other side is gone, or takes nothing more."""
    with suppress(OSError):
        socket.send_fds(control, [message], descriptors)
        return True
    return False
