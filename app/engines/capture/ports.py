"""What a capture asks of whoever reads documents. `app.engines.reading` fulfils it."""

from typing import Protocol

from app.engines.capture.pages import Document
from app.engines.model import HopKind

Redirect = tuple[HopKind, str]  # what sends the browser on, and where to


class Answer(Protocol):
    """A document as it came."""

    @property
    def document(self) -> Document: ...

    @property
    def redirect(self) -> Redirect | None:
        """Where the document itself sends the browser."""
        ...


class DocumentReader(Protocol):
    """Raises `Unreadable` for what cannot be read within its limits."""

    async def answer(self, body: bytes, *, content_type: str, url: str) -> Answer:
        """`content_type` is the header's value, `url` where the body came from."""
        ...

    async def document(self, html: str) -> Document:
        """A document as a browser has drawn it."""
        ...
