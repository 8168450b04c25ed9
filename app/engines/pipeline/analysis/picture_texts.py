"""Texts in pictures, where the page itself says next to nothing and the machine can read them."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.domain.stages import StageKey
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.picture_reader import PictureReader, PictureUnread, find_tesseract
from app.engines.capture.scan_contents import ScanContents
from app.engines.ports import ScanSink, ScanStore

SCARCE_TEXT: Final = 200  # characters; a page with more says what it is
MAX_PICTURES: Final = 60  # of one scan: a second each
MAX_TEXT: Final = 2_000  # characters that are kept of one picture
MAX_IN_ALL_S: Final = 120.0
PICTURE_TEXTS: Final = "picture_texts"  # checkpoint


class Reader(Protocol):
    """`PictureReader`."""

    async def read(self, picture: bytes) -> str: ...


def open_reader() -> Reader | None:
    """Return what reads pictures on this machine. Waits for a program, up to seconds."""
    tesseract = find_tesseract()
    return None if tesseract is None else PictureReader(tesseract)


class PictureTexts:
    """`read` at any time, `tell` when all is done."""

    def __init__(
        self,
        *,
        contents: ScanContents,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        open_reader: Callable[[], Reader | None] = open_reader,
        max_in_all_s: float = MAX_IN_ALL_S,
    ) -> None:
        self._contents = contents
        self._store = store
        self._sink = sink
        self._texts = texts
        self._open_reader = open_reader
        self._max_in_all_s = max_in_all_s
        self._reader: Reader | None = None
        self._opening = asyncio.Lock()
        self._is_open = False
        known: dict[str, Any] = store.checkpoint(PICTURE_TEXTS) or {}
        self._found: dict[str, str] = {str(sha256): str(text) for sha256, text in known.items()}
        self._spent_s = 0.0
        self._missed: dict[str, dict[str, None]] = {"no_reader": {}, "budget": {}, "unread": {}}  # hashes by reason

    def text_of(self, capture: Capture) -> str:
        """Return what was read in the picture of a capture; "" when nothing was."""
        return self._found.get(capture.screenshot_sha256, "")

    def knows_all_of(self, page: CapturedPage) -> bool:
        """Return whether what the page says in pictures was read, if it is worth it."""
        sha256 = page.capture.screenshot_sha256
        return not shows_more_than_it_says(page) or (sha256 in self._found and sha256 not in self._missed["unread"])

    async def read(self, page: CapturedPage) -> bool:
        """Read the page's picture, if it is worth it; True: there is a text that was not known."""
        sha256 = page.capture.screenshot_sha256
        if not sha256 or sha256 in self._found or not shows_more_than_it_says(page):
            return False
        if (reason := await self._obstacle()) is not None:
            self._missed[reason][sha256] = None
            return False
        assert self._reader is not None  # else there is an obstacle
        clock = asyncio.get_running_loop().time
        began = clock()
        self._found[sha256] = ""  # asked once, whatever comes of it
        try:
            text = await self._reader.read(await self._contents.get(sha256))
        except (PictureUnread, ContentMissing, ContentDamaged, ContentsUnavailable):
            self._missed["unread"][sha256] = None
            return False
        finally:
            self._spent_s += clock() - began
        self._found[sha256] = text[:MAX_TEXT]
        self._store.put_checkpoint(PICTURE_TEXTS, self._found)
        return bool(text)

    async def _obstacle(self) -> str | None:
        async with self._opening:
            if not self._is_open:
                self._reader = await asyncio.to_thread(self._open_reader)
                self._is_open = True
        if self._reader is None:
            return "no_reader"
        return "budget" if len(self._found) >= MAX_PICTURES or self._spent_s >= self._max_in_all_s else None

    async def tell(self) -> None:
        """Say how many were read, and warn of those that were not. Raises ScanStopped."""
        if count := len(self._found):
            with_text = sum(map(bool, self._found.values()))
            said = self._texts("pictures_read", pictures=count, with_text=with_text)
            await self._sink.log(LogEntry("INFO", StageKey.AI_ANALYSIS.value, said))
        for reason, hashes in self._missed.items():
            if hashes:
                said = self._texts(f"pictures_unread_{reason}", pictures=len(hashes))
                await self._sink.warning("degraded", said)


def shows_more_than_it_says(page: CapturedPage) -> bool:
    """Whether what the page has to say may stand in its pictures."""
    content = page.content
    return content.shows_pictures and len(content.text) < SCARCE_TEXT and page.capture.page_class == "content"
