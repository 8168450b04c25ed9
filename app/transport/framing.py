"""WebSocket frames as bytes, both ways (RFC 6455, sections 5 to 7). No I/O.

Hand-written because of what it costs to keep: a general library's state is half of the memory of an idle connection
(ADR 0010). `tests/conformance` runs the Autobahn cases over it. Extensions are not negotiated, compression included.
"""

import struct
from enum import IntEnum
from typing import Final

try:
    from websockets.speedups import apply_mask  # in C, where its wheel has it
except ImportError:
    from websockets.utils import apply_mask


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class FrameError(Exception):
    """The peer broke the protocol: the connection is closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


NORMAL, PROTOCOL_ERROR, NO_CODE, ABNORMAL, INVALID_DATA, TOO_BIG = 1000, 1002, 1005, 1006, 1007, 1009
MAX_CONTROL_BYTES: Final = 125
PIECE_BYTES: Final = 16  # as which a smaller piece of a message counts: empty ones without end would fill the memory
_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_SMALL, _MEDIUM = 126, 65_536
_OPCODES: Final = {int(opcode): opcode for opcode in Opcode}
# Section 7.4 and the registry of IANA; 3000 to 4999 belong to applications.
_CLOSE_CODES: Final = frozenset(
    {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, *range(3_000, 5_000)}
)
_HEAD_BYTES: Final = 2


def frame_text(payload: bytes) -> bytes:
    """A whole text message of a server: FIN, no mask."""
    return frame(Opcode.TEXT, payload)


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """One frame of a server: FIN, no mask."""
    size = len(payload)
    if size < _SMALL:
        return bytes((_FIN | opcode, size)) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _FIN | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, size) + payload


def close_payload(code: int, reason: str = "") -> bytes:
    """The body of a close frame; a reason that is too long is cut at a character."""
    room = MAX_CONTROL_BYTES - 2
    return code.to_bytes(2, "big") + reason.encode()[:room].decode(errors="ignore").encode()


def read_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a peer's close frame; NO_CODE for an empty one. Raises FrameError."""
    if not payload:
        return NO_CODE, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise FrameError(PROTOCOL_ERROR, "invalid close code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(INVALID_DATA, "invalid UTF-8 in the close reason") from None


Message = tuple[Opcode, bytes]


class FrameReader:
    """Bytes of a client in, whole messages and control frames out.

    A message of several frames comes out once, under the opcode of its first. What was not read yet is at most one
    frame of `max_bytes`, and what was fed since; a message may not have more than that either, and each of its pieces
    counts for PIECE_BYTES at least.
    """

    __slots__ = ("_at", "_data", "_max_bytes", "_opcode", "_parts", "_size")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._data = b""
        self._at = 0  # what is before it was read
        self._opcode: Opcode | None = None  # of the message whose frames are coming
        self._parts: list[bytes] = []
        self._size = 0  # of the parts

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def read(self) -> Message | None:
        """The next frame: a control frame, or the message that it completes; a piece of one as an empty CONTINUATION.

        None: it has not come as a whole. Raises FrameError; what came before the error was read.
        """
        found = self._read_frame(self._data, self._at)
        if found is None:
            self._data, self._at = self._data[self._at :], 0
            return None
        first, payload, self._at = found
        return self._take(first, payload)

    def _read_frame(self, data: bytes, at: int) -> tuple[int, bytes, int] | None:
        """First byte, unmasked payload and end of the frame at `at`; None when it is not complete."""
        if len(data) - at < _HEAD_BYTES:
            return None
        first, second = data[at], data[at + 1]
        self._check_head(first, second)
        size, start = second & 0x7F, at + 2
        if size >= _SMALL:
            width = 2 if size == _SMALL else 8
            if len(data) - start < width:
                return None
            size = int.from_bytes(data[start : start + width], "big")
            start += width
        if self._size + size > self._max_bytes and first & 0x0F < Opcode.CLOSE:
            raise FrameError(TOO_BIG, "the message is too big")
        end = start + 4 + size
        if len(data) < end:
            return None
        return first, apply_mask(data[start + 4 : end], data[start : start + 4]), end

    def _check_head(self, first: int, second: int) -> None:
        if first & _RESERVED:
            raise FrameError(PROTOCOL_ERROR, "reserved bits are set")
        if not second & _MASKED:
            raise FrameError(PROTOCOL_ERROR, "the frame is not masked")
        opcode = _OPCODES.get(first & 0x0F)
        if opcode is None:
            raise FrameError(PROTOCOL_ERROR, "unknown opcode")
        if opcode >= Opcode.CLOSE:
            if not first & _FIN or second & 0x7F > MAX_CONTROL_BYTES:
                raise FrameError(PROTOCOL_ERROR, "a control frame is short and whole")
        elif (opcode is Opcode.CONTINUATION) is (self._opcode is None):
            raise FrameError(PROTOCOL_ERROR, "a continuation belongs to a message that has begun")

    def _take(self, first: int, payload: bytes) -> Message:
        opcode = _OPCODES[first & 0x0F]
        if opcode >= Opcode.CLOSE:
            return opcode, payload
        if first & _FIN and self._opcode is None:
            return opcode, payload
        self._opcode = self._opcode or opcode
        self._parts.append(payload)
        self._size += max(len(payload), PIECE_BYTES)
        if not first & _FIN:
            return Opcode.CONTINUATION, b""
        message = self._opcode, b"".join(self._parts)
        self._opcode, self._parts, self._size = None, [], 0
        return message
