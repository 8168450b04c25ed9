"""JSON documents as pieces of bytes: encoded where they are read, in a thread, never on the event loop."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

Json = dict[str, Any]
JsonChunks = list[bytes]  # the pieces of one document, in order

CHUNK_BYTES: Final = 65_536  # about: what one write of a socket takes


def encode(value: Any) -> bytes:
    return orjson.dumps(value)


def encode_list(items: Iterable[Json], **more: Any) -> JsonChunks:
    """`{"items": [...], **more}`, item by item: one call that encodes a long list would hold the interpreter."""
    rest = b"".join(b"," + encode(name) + b":" + encode(value) for name, value in more.items())
    return list(join_small([b'{"items":', *encode_array(items), rest, b"}"]))


def encode_object(head: Json, **lists: Iterable[Json]) -> JsonChunks:
    """`{**head, "name": [...]}`, the lists item by item as above."""
    return list(join_small(object_pieces(head, **lists)))


def object_pieces(head: Json, **lists: Iterable[Json]) -> Iterator[bytes]:
    """Yield the same as it is read. `head` is not empty."""
    yield encode(head)[:-1]
    for name, items in lists.items():
        yield b"," + encode(name) + b":"
        yield from encode_array(items)
    yield b"}"


def encode_array(items: Iterable[Json]) -> Iterator[bytes]:
    """The pieces of a JSON encode_array."""
    yield b"["
    for number, item in enumerate(items):
        if number:
            yield b","
        yield encode(item)
    yield b"]"


def join_small(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give out the same bytes in pieces of about CHUNK_BYTES."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def split(document: bytes) -> JsonChunks:
    """Return a whole document in the same pieces."""
    return [document[start : start + CHUNK_BYTES] for start in range(0, len(document), CHUNK_BYTES)]
