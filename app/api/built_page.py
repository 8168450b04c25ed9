"""What `make frontend` built, the page at `/` and Swagger UI at `/docs`; where it was not built, how to. Neither
requires a sign-in.
"""

import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from app.api.content_coding import BROTLI, GZIP, choose_coding
from app.api.middleware import PAGE_POLICY
from app.reports.formats.html import style_source

INDEX: Final = "index.html"
DOCS: Final = "docs.html"
ASSETS: Final = "assets"
ICON: Final = "favicon.svg"
# Where the page was while there was another one at `/` (ADR 0054); what follows the `#` goes along by itself.
OLD_PLACES: Final = {"/app": "./", "/app/": "../"}
# No text becomes markup or code, but for what the one policy lets through that Vue makes for the static parts of its
# own templates. A second one of that name would be refused. Frames hold what the page has read itself: reports.
ADDED_POLICY: Final = "frame-src blob:; require-trusted-types-for 'script'; trusted-types vue"
STYLES: Final = "style-src 'self'"
SUFFIXES: Final = {BROTLI: ".br", GZIP: ".gz"}  # as `frontend/precompress.ts` names them
FOR_GOOD: Final = "public, max-age=31536000, immutable"  # a year is the longest that caches are told (RFC 8246)
_HASHED: Final = re.compile(r"-[\w-]{8}\.[a-z0-9]+$")  # as the build names them


def is_built(folder: Path) -> bool:
    """Tell whether there is a page in the folder."""
    return (folder / INDEX).is_file()


def add_page(application: Starlette, folder: Path, *, unbuilt: Path) -> None:
    """Serve the page of the folder at `/` and Swagger UI at `/docs`.

    As long as they are not built, which may come later, the files of the same names in `unbuilt` are served. All
    addresses are relative to the folder of the page, for a proxy that serves under a path.
    """
    policy = page_policy()
    files = _Files(folder, policy=policy)

    async def icon(request: Request) -> Response:
        return await files.get_response(ICON, request.scope)

    # Swagger UI makes markup of text, so Trusted Types would stop it; it has the policy of every page.
    for path, name, own_policy in (("/", INDEX, policy), ("/docs", DOCS, PAGE_POLICY)):
        application.add_route(path, _page(files, name, unbuilt / name, own_policy), include_in_schema=False)
    application.add_route(f"/{ICON}", icon, include_in_schema=False)
    application.mount(f"/{ASSETS}", _Files(folder / ASSETS, policy=policy))
    for path, place in OLD_PLACES.items():
        application.add_route(path, _redirect(place), include_in_schema=False)


def _page(files: "_Files", name: str, instead: Path, policy: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of a page, which is known by its content.

    All builds are of the same length, and packages give all their files the same time.
    """

    async def answer(request: Request) -> Response:
        content, its_policy = await run_in_threadpool(files.read, name), policy
        if content is None:
            content, its_policy = await run_in_threadpool(instead.read_bytes), PAGE_POLICY
        headers = Headers({"ETag": f'"{sha256(content).hexdigest()}"', "Content-Security-Policy": its_policy})
        if files.is_not_modified(headers, request.headers):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/html", headers=headers)

    return answer


def page_policy() -> str:
    """Return what the page may do: what every page may, and show reports, whose style stands in themselves."""
    return f"{PAGE_POLICY.replace(STYLES, f'{STYLES} {style_source()}')}; {ADDED_POLICY}"


def _redirect(place: str) -> Callable[[Request], RedirectResponse]:
    def answer(request: Request) -> RedirectResponse:
        query = request.url.query
        return RedirectResponse(f"{place}?{query}" if query else place)

    return answer


class _Files(StaticFiles):
    """Files with the page's policy, in the coding that their reader takes best of those that the build has made.

    A name with a hash in it never means anything else: who has such a file does not ask again.
    """

    def __init__(self, folder: Path, *, policy: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._folder = folder
        self._policy = policy

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None as long as it is not built."""
        with suppress(FileNotFoundError):
            return (self._folder / name).read_bytes()
        return None

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find no compressed file by its own name: it would be sent as if it were what is in it."""
        return ("", None) if path.endswith(tuple(SUFFIXES.values())) else super().lookup_path(path)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        asked = Headers(scope=scope)
        made = _compressed(full_path)
        coding = choose_coding(asked.get("accept-encoding"), list(made))
        path, about = (full_path, stat_result) if coding is None else made[coding]
        response = FileResponse(path, status_code, media_type=guess_type(full_path)[0], stat_result=about)
        headers = response.headers
        headers["Content-Security-Policy"] = self._policy
        if made:
            headers["Vary"] = "Accept-Encoding"
        if coding is not None:
            headers["Content-Encoding"] = coding
        if _HASHED.search(os.fspath(full_path)):
            headers["Cache-Control"] = FOR_GOOD
        return NotModifiedResponse(headers) if self.is_not_modified(headers, asked) else response


def _compressed(path: str | os.PathLike[str]) -> dict[str, tuple[str, os.stat_result]]:
    """Return the files that the build has put beside it, by their coding, the preferred first."""
    found = {}
    for coding, suffix in SUFFIXES.items():
        name = f"{os.fspath(path)}{suffix}"
        with suppress(FileNotFoundError):
            found[coding] = (name, Path(name).stat())
    return found
