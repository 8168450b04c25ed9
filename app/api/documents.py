"""Documents of the application and pages about them: each is made once, and known again by its tag."""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from app.api.content_coding import GZIP, choose_coding
from app.domain.messages import FOREIGN_LANGUAGE, Language
from app.rest.language import PARAMETER, preferred

TAG_BYTES: Final = 16


class CachedDocument:
    """A document of the application. `render` runs in a thread, once, at the first request for it.

    It lies compressed beside it: everybody gets the same, and there is no secret in it.
    """

    def __init__(
        self, render: Callable[[], bytes], *, media_type: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._render = render
        self._media_type = media_type
        self._headers = headers
        self._one_at_a_time = asyncio.Lock()
        self._made: dict[str | None, tuple[bytes, str]] | None = None  # body and ETag by their coding

    async def answer(self, request: Request) -> Response:
        """200 with the document, or 304 for who has it. For `application.add_route`."""
        coding = choose_coding(request.headers.get("accept-encoding"), [GZIP])
        body, tag = (await self._get())[coding]
        headers = MutableHeaders({**self._headers, "ETag": tag})
        headers.add_vary_header("Accept-Encoding")
        if tag in _tags(request.headers.getlist("if-none-match")):
            return Response(status_code=304, headers=headers)
        if coding is not None:
            headers["Content-Encoding"] = coding
        return Response(body, headers=headers, media_type=self._media_type)

    async def _get(self) -> dict[str | None, tuple[bytes, str]]:
        async with self._one_at_a_time:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def _make(self) -> dict[str | None, tuple[bytes, str]]:
        body = self._render()
        name = blake2b(body, digest_size=TAG_BYTES).hexdigest()
        return {None: (body, f'"{name}"'), GZIP: (gzip.compress(body, mtime=0), f'"{name}-{GZIP}"')}


class TranslatedDocument:
    """A JSON document in each language, rendered once in each; English for who asks for none, such as a program."""

    def __init__(self, render: Callable[[Language], bytes]) -> None:
        self._documents = {
            language: CachedDocument(
                partial(render, language),
                media_type="application/json",
                headers={"Content-Language": language.value, "Vary": "Accept-Language"},
            )
            for language in Language
        }

    async def answer(self, request: Request) -> Response:
        """Return the document in the language of `?lang=` (any region), otherwise of `Accept-Language`."""
        asked = Language.of_locale(request.query_params.get(PARAMETER, ""))
        language = asked or preferred(request.headers.get("accept-language", ""), FOREIGN_LANGUAGE)
        return await self._documents[language].answer(request)


def _tags(values: list[str]) -> set[str]:
    """Return the tags of `If-None-Match`, which compares weakly (RFC 9110, section 13.1.2)."""
    return {tag.strip().removeprefix("W/") for value in values for tag in value.split(",")}
