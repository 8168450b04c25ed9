"""What is the same for everybody until the next start: rendered once, off the loop, and revalidated by its ETag."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

TAG_BYTES: Final = 16


class Document:
    """A document of the application. `render` runs in a thread, once, at the first request for it."""

    def __init__(self, render: Callable[[], str | bytes], *, media_type: str) -> None:
        self._render = render
        self._media_type = media_type
        self._one_at_a_time = asyncio.Lock()
        self._made: tuple[bytes, str] | None = None  # body and ETag

    async def answer(self, request: Request) -> Response:
        """200 with the document, or 304 for who has it. For `application.add_route`."""
        body, tag = await self._get()
        headers = {"ETag": tag}
        if tag in _tags(request.headers.getlist("if-none-match")):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=self._media_type)

    async def _get(self) -> tuple[bytes, str]:
        async with self._one_at_a_time:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def _make(self) -> tuple[bytes, str]:
        rendered = self._render()
        body = rendered if isinstance(rendered, bytes) else rendered.encode()
        return body, f'"{blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'


def _tags(values: list[str]) -> set[str]:
    """Return the tags of `If-None-Match`, which compares weakly (RFC 9110, section 13.1.2)."""
    return {tag.strip().removeprefix("W/") for value in values for tag in value.split(",")}
