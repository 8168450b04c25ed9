"""What a page asked for while a browser worker drew it, and which links it shows, as both go through the database."""

from typing import Final

import orjson
import zstandard

from app.captures.contents import pack
from app.engines.capture.link_sight import LinkSight, sights_of
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.capture.page_renderer import Rendered, RenderFailed
from app.engines.capture.page_source import MAX_HTML

MAX_LOG: Final = 4 * MAX_HTML + 16 * 1024 * 1024  # bytes, unpacked: documents of frames, and 500 requests


def pack_log(rendered: Rendered) -> bytes:
    """Return requests, frames and links of a page, compressed."""
    requests = [(request.url, request.kind, request.initiators) for request in rendered.requests]
    sights = [(sight.url, sight.kind, sight.is_sure) for sight in rendered.sights]
    return pack(orjson.dumps([requests, _sound(rendered.frames), rendered.is_cut, sights]))


def unpack_log(packed: bytes) -> tuple[tuple[LoadedRequest, ...], tuple[str, ...], bool, tuple[LinkSight, ...]]:
    """Return requests, frames, whether the page was cut off, and its links; a worker of the version before saw none.

    Raises RenderFailed for what is too large.
    """
    if zstandard.frame_content_size(packed) > MAX_LOG:
        raise RenderFailed("the log of requests is too large")
    unpacked = orjson.loads(zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_LOG))
    requests, frames, is_cut, *sights = unpacked
    found = (LoadedRequest(str(url), str(kind), tuple(map(str, initiators))) for url, kind, initiators in requests)
    return tuple(found), tuple(map(str, frames)), bool(is_cut), sights_of(sights[0] if sights else None)


def _sound(frames: tuple[str, ...]) -> list[str]:
    """Without halves of characters, which a script can write and JSON does not take."""
    return [frame.encode("utf-8", "replace").decode() for frame in frames]
