"""What renders pages: a browser of the scan's own, or those of workers elsewhere."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.engines.capture.page_renderer import PageRenderer, Rendered
from app.engines.capture.render_limit import RenderLimit


class RenderService(Protocol):
    """Renders pages side by side."""

    @property
    def at_once(self) -> int:
        """How many pages it is worth asking for at the same time."""
        ...

    async def render(
        self, url: str, *, limit: RenderLimit | None = None, needs_document: bool = True, logs: bool = False
    ) -> Rendered:
        """Return the page after its scripts ran; without `needs_document` its document only where scripts led away.
        `logs`: with all requests that it made, and the frames that are part of it.

        Raises as `PageRenderer.render`.
        """
        ...


OpenRenderer = Callable[[], AbstractAsyncContextManager[PageRenderer]]
# Gets what opens a browser of the scan's own. Entering it raises BrowserUnavailable when there is nothing that renders.
OpenRenderService = Callable[[OpenRenderer], AbstractAsyncContextManager[RenderService]]


def render_here(open_renderer: OpenRenderer) -> AbstractAsyncContextManager[RenderService]:
    """Render with a browser of the scan's own: an `OpenRenderService`."""
    return open_renderer()
