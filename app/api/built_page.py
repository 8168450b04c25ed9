"""The new page, where it has been built (`make frontend`): files under `/app/`, which nobody need be signed in for."""

from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

PATH: Final = "/app"
INDEX: Final = "index.html"


def add_built_page(application: Starlette, folder: Path) -> bool:
    """Serve the folder, and return whether there is a page in it; a program that was never built has none."""
    if not (folder / INDEX).is_file():
        return False

    async def to_folder(_request: Request) -> RedirectResponse:
        """The page's addresses are relative to a folder; so is this one, for a proxy that serves under a path."""
        return RedirectResponse(f".{PATH}/")

    application.add_route(PATH, to_folder, include_in_schema=False)
    application.mount(PATH, StaticFiles(directory=folder, html=True))
    return True
