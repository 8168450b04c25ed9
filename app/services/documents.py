"""JSON documents as pieces of bytes: encoded where they are read, in a thread, never on the event loop."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

Json = dict[str, Any]
Document = list[bytes]  # the pieces of one document, in order

PIECE_BYTES: Final = 65_536  # about: what one write of a socket takes


def encode(value: Any) -> bytes:
    return orjson.dumps(value)


def list_document(items: Iterable[Json], **more: Any) -> Document:
    """`{"items": [...], **more}`, item by item: one call that encodes a long list would hold the interpreter."""
    rest = b"".join(b"," + encode(name) + b":" + encode(value) for name, value in more.items())
    return list(gather([b'{"items":', *array(items), rest, b"}"]))


def array(items: Iterable[Json]) -> Iterator[bytes]:
    """The pieces of a JSON array."""
    yield b"["
    for number, item in enumerate(items):
        if number:
            yield b","
        yield encode(item)
    yield b"]"


def gather(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give out the same bytes in pieces of about PIECE_BYTES."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
