"""Screenshots for a language model that reads pictures, made small where pictures are read."""

from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.engines.capture.scan_contents import ScanContents
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import Unreadable


class Thumbnails:
    """Keeps none: a question is asked once."""

    def __init__(self, *, contents: ScanContents, parser: PageParser) -> None:
        self._contents = contents
        self._parser = parser

    async def of(self, sha256: str) -> str | None:
        """Return a JPEG in base64; None: it is not kept, or no picture. The page is then judged by its words."""
        try:
            return await self._parser.thumbnail(await self._contents.get(sha256))
        except (ContentMissing, ContentDamaged, ContentsUnavailable, Unreadable):
            return None
