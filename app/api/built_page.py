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

PATH: Final = "/app"
INDEX: Final = "index.html"
# No text becomes markup or code, but for what the one policy lets through that Vue makes for the static parts of its
# own templates. A second one of that name would be refused.
POLICY: Final = f"{PAGE_POLICY}; require-trusted-types-for 'script'; trusted-types vue"


def add_built_page(application: Starlette, folder: Path) -> bool:
    """Serve the folder, and return whether there is a page in it; a program that was never built has none."""
    if not (folder / INDEX).is_file():
        return False

    async def to_folder(_request: Request) -> RedirectResponse:
        """The page's addresses are relative to a folder; so is this one, for a proxy that serves under a path."""
        return RedirectResponse(f".{PATH}/")

    application.add_route(PATH, to_folder, include_in_schema=False)
    application.mount(PATH, _Files(directory=folder, html=True))
    return True


class _Files(StaticFiles):
    """Files with the page's policy."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Content-Security-Policy"] = POLICY
        return response
