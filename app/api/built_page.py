"""The new page, where it has been built (`make frontend`): files under `/app/`, which nobody need be signed in for."""

import os
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api.middleware import PAGE_POLICY
from app.services.report_formats.html import style_source

PATH: Final = "/app"
INDEX: Final = "index.html"
# No text becomes markup or code, but for what the one policy lets through that Vue makes for the static parts of its
# own templates. A second one of that name would be refused. Frames hold what the page has read itself: reports.
ADDED_POLICY: Final = "frame-src blob:; require-trusted-types-for 'script'; trusted-types vue"
STYLES: Final = "style-src 'self'"


def add_built_page(application: Starlette, folder: Path) -> bool:
    """Serve the folder, and return whether there is a page in it; a program that was never built has none."""
    if not (folder / INDEX).is_file():
        return False

    async def to_folder(_request: Request) -> RedirectResponse:
        """The page's addresses are relative to a folder; so is this one, for a proxy that serves under a path."""
        return RedirectResponse(f".{PATH}/")

    application.add_route(PATH, to_folder, include_in_schema=False)
    application.mount(PATH, _Files(folder, policy=page_policy()))
    return True


def page_policy() -> str:
    """Return what the page may do: what every page may, and show reports, whose style stands in themselves."""
    return f"{PAGE_POLICY.replace(STYLES, f'{STYLES} {style_source()}')}; {ADDED_POLICY}"


class _Files(StaticFiles):
    """Files with the page's policy."""

    def __init__(self, folder: Path, *, policy: str) -> None:
        super().__init__(directory=folder, html=True)
        self._policy = policy

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Content-Security-Policy"] = self._policy
        return response
