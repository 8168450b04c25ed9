"""Bodies of hostile servers: decoded in small steps, cut off at a size, at a bomb's ratio, or when they crawl."""

import asyncio
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

MAX_RATIO: Final = 100  # decoded to received; text rarely passes 20, deflate cannot pass about 1,030
RATIO_FROM_BYTES: Final = 128 * 1024  # below this a high ratio costs nothing, and tiny repetitive pages have one
STEP_BYTES: Final = 64 * 1024  # decoded at a time, so that a bomb never lies in memory
MAX_MEMBERS: Final = 1_000  # gzip members in one body; real ones have one, and each costs a copy of the rest

_GZIP_MAGIC: Final = b"\x1f\x8b"
_DEFLATED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_NOT_ASKED_FOR: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class UnknownCoding(ValueError):
    """Raised for a body in a coding that was not asked for."""


@dataclass(frozen=True, slots=True)
class MinimumSpeed:
    """Fewer than `bytes_per_s` on average over any window of `window_s`: the body is too slow to wait for."""

    bytes_per_s: int = 64
    window_s: float = 6.0


class TooSlow(Exception):
    """Raised for a body that comes slower than the minimum speed."""


class Stream(Protocol):
    """What of aiohttp's StreamReader is needed."""

    def read_nowait(self) -> bytes:
        """Bytes that are here; empty when there are none."""
        ...

    def at_eof(self) -> bool:
        """Whether all were taken that will ever come."""
        ...

    async def readany(self) -> bytes:
        """Next bytes as received; empty at the end."""
        ...


class _Inflater(Protocol):
    """zlib's decompressor."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class BodyDecoder:
    """Collects a body through its content coding."""

    def __init__(self, *, coding: str, max_bytes: int) -> None:
        """`coding` is the Content-Encoding value. Raises `UnknownCoding`."""
        self.body = bytearray()  # decoded so far, at most `max_bytes`
        self.truncated = False  # set when there was more, or when the ratio was a bomb's
        self._max_bytes = max_bytes
        self._received = 0
        self._members = 0
        self._inflater: _Inflater | None = None  # None before a member's first byte
        names = [name.strip().lower() for name in coding.split(",")]
        if _NOT_ASKED_FOR.intersection(names):
            raise UnknownCoding(f"content coding {coding[:40]!r} was not asked for")
        # Anything else that is unknown ("utf-8", "none") is a server's mistake for identity.
        self._coding = next((name.removeprefix("x-") for name in names if name in _DEFLATED), "")

    def feed(self, data: bytes) -> bool:
        """Take received bytes; False when enough was seen.

        Raises zlib.error for a broken stream; what was decoded before stays in `body`.
        """
        if self._received == 0 and self._coding == "gzip" and not data.startswith(_GZIP_MAGIC[: len(data)]):
            self._coding = ""  # declared, but not so: a common mistake, and the body is readable
        self._received += len(data)
        steps = self._inflate(data) if self._coding else iter((data,))
        return all(self._take(step) for step in steps)

    def _take(self, step: bytes) -> bool:
        room = self._max_bytes - len(self.body)
        self.body += step[:room]
        bomb = len(self.body) > RATIO_FROM_BYTES and len(self.body) > self._received * MAX_RATIO
        self.truncated = len(step) > room or bomb
        return not self.truncated

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        more = bool(data)
        while more:
            inflater = self._inflater = self._inflater or self._next_member(data)
            if inflater is None:
                return
            step = inflater.decompress(data, STEP_BYTES)
            yield step
            # A full step may have left output inside zlib although all input is taken.
            data, more = inflater.unconsumed_tail, len(step) == STEP_BYTES and not inflater.eof
            if inflater.eof:
                data, self._inflater = inflater.unused_data, None
            more = more or bool(data)

    def _next_member(self, start: bytes) -> _Inflater | None:
        """Return a decompressor for the stream that starts here; None for the padding behind the last one."""
        self._members += 1
        if self._coding == "deflate":
            return _inflater_for_deflate(start) if self._members == 1 else None
        if self._members > MAX_MEMBERS or not start.startswith(_GZIP_MAGIC[: len(start)]):
            self._members = MAX_MEMBERS
            return None
        return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _inflater_for_deflate(start: bytes) -> _Inflater:
    """Choose by the header's check bits: "deflate" means zlib's format (RFC 9110), but many servers send it raw."""
    is_zlib = len(start) < len(_GZIP_MAGIC) or (
        start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
    )
    return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


async def read_body(
    stream: Stream, decoder: BodyDecoder, *, speed: MinimumSpeed, clock: Callable[[], float] = time.monotonic
) -> None:
    """Fill the decoder until the body ends or enough was seen.

    Raises `TooSlow`, zlib.error and whatever the stream raises; what came before stays in the decoder.
    """
    window_start, window_bytes = clock(), 0
    while True:
        data = stream.read_nowait() or await _next_bytes(stream, speed)
        if not data or not decoder.feed(data):
            return
        window_bytes += len(data)
        if (elapsed := clock() - window_start) >= speed.window_s:
            if window_bytes < speed.bytes_per_s * elapsed:
                raise TooSlow(f"{window_bytes} bytes in {elapsed:.1f} s")
            window_start, window_bytes = clock(), 0


async def _next_bytes(stream: Stream, speed: MinimumSpeed) -> bytes:
    if stream.at_eof():  # as that of a small page is at once: a timeout costs more than all the rest
        return b""
    try:
        async with asyncio.timeout(speed.window_s):
            return await stream.readany()
    except TimeoutError as pause:
        raise TooSlow(f"nothing for {speed.window_s:g} s") from pause
