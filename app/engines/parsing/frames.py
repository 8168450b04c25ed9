"""What a scan and the processes that read for it say to each other, as bytes on a socket.

A frame is a header, JSON and, in a job, the body that is to be read. JSON, because its parser can be trusted with
whatever a process says that has been taken over by the page it read.
"""

import socket
import struct
from enum import IntEnum
from typing import Any, Final

import orjson

HEADER: Final = struct.Struct("<BII")  # kind, bytes of JSON, bytes of the body
MAX_JSON: Final = 128 * 1024 * 1024  # bytes of one frame; the largest result of a page of 5 MiB has a tenth of it


class Kind(IntEnum):
    """What a frame says."""

    JOB = 1  # to the process: [name, CPU seconds, arguments...] and a body
    PART = 2  # from the process: a piece of the result, more follow
    DONE = 3  # the last piece
    FAILED = 4  # what the job raised, as text
    STARTED = 5  # the id of the process
    DIED = 6  # its exit code, negative for a signal, while it read; said by its parent, who starts the next one


_KINDS: Final = {kind.value: kind for kind in Kind}


class BrokenChannel(Exception):
    """The bytes are no frames: a process was killed in the middle of one."""


def frame(kind: Kind, value: Any, body: bytes = b"") -> bytes:
    """A whole frame. Raises TypeError for text with lone surrogates, which no JSON can hold."""
    json = orjson.dumps(value)
    return b"".join((HEADER.pack(kind, len(json), len(body)), json, body))


def send(channel: socket.socket, kind: Kind, value: Any) -> None:
    """Raises OSError when nobody reads any more."""
    channel.sendall(frame(kind, value))


def receive(channel: socket.socket) -> tuple[Kind, Any, bytes] | None:
    """The next frame, and not a byte more: what follows is for the next process. None: the other side is gone."""
    head = _exactly(channel, HEADER.size)
    if head is None:
        return None
    kind, json_size, body_size = HEADER.unpack(head)
    data = _exactly(channel, json_size + body_size)
    return None if data is None else (_KINDS[kind], orjson.loads(memoryview(data)[:json_size]), data[json_size:])


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    data = channel.recv(size, socket.MSG_WAITALL) if size else b""
    return data if len(data) == size else None


class FrameBuffer:
    """Bytes as they come in, whole frames out."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[tuple[Kind, Any]]:
        """Frames that are whole now. Raises `BrokenChannel`."""
        if not self._bytes:  # most frames come whole
            found, start = _read_frames(data)
            self._bytes += data[start:]
            return found
        self._bytes += data
        found, start = _read_frames(self._bytes)
        if start:
            del self._bytes[:start]
        return found


def _read_frames(data: bytes | bytearray) -> tuple[list[tuple[Kind, Any]], int]:
    """Return the frames that are whole, and where they end."""
    found: list[tuple[Kind, Any]] = []
    start = 0
    while (end := _end_of_frame(data, start)) <= len(data):
        found.append(_read_frame(data, start, end))
        start = end
    return found, start


def _end_of_frame(data: bytes | bytearray, start: int) -> int:
    if len(data) - start < HEADER.size:
        return len(data) + 1
    _, json_size, body_size = HEADER.unpack_from(data, start)
    if json_size > MAX_JSON or body_size:
        raise BrokenChannel("a frame of impossible size")
    return start + HEADER.size + int(json_size)


def _read_frame(data: bytes | bytearray, start: int, end: int) -> tuple[Kind, Any]:
    try:
        # A copy, because the view of a growing buffer would keep it from growing.
        return _KINDS[data[start]], orjson.loads(bytes(data[start + HEADER.size : end]))
    except (ValueError, KeyError) as error:
        raise BrokenChannel("a frame that cannot be read") from error
