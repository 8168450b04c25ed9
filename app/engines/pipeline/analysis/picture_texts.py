"""Texts in pictures, where the page itself says next to nothing and the machine can read them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
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
# Rechecks (ADR 0078) have their own limits: neither they nor first captures can use up the budget of the other. A
# quarter of the others: few of 50 accusations rest on a picture.
MAX_RECHECK_PICTURES: Final = 15
MAX_RECHECK_S: Final = 30.0
PICTURE_TEXTS: Final = "picture_texts"  # checkpoint
RECHECK_PICTURE_TEXTS: Final = "recheck_picture_texts"  # checkpoint of rechecks


class Reader(Protocol):
    """`PictureReader`."""

    async def read(self, picture: bytes) -> str: ...


def open_reader() -> Reader | None:
    """Return what reads pictures on this machine. Waits for a program, up to seconds."""
    tesseract = find_tesseract()
    return None if tesseract is None else PictureReader(tesseract)


@dataclass(slots=True)
class _Budget:
    """What first captures, or rechecks, have read of what they may read."""

    checkpoint: str
    found: dict[str, str]  # texts by hash, of all attempts
    max_pictures: int
    max_in_all_s: float
    spent_s: float = 0.0  # of this attempt

    @property
    def is_spent(self) -> bool:
        return len(self.found) >= self.max_pictures or self.spent_s >= self.max_in_all_s


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
        max_recheck_s: float = MAX_RECHECK_S,
    ) -> None:
        self._contents = contents
        self._store = store
        self._sink = sink
        self._texts = texts
        self._open_reader = open_reader
        self._reader: Reader | None = None
        # One at a time: waiting does not count towards a budget, and the same picture is not read twice.
        self._turn = asyncio.Lock()
        self._is_open = False
        self._first = _Budget(PICTURE_TEXTS, _known(store, PICTURE_TEXTS), MAX_PICTURES, max_in_all_s)
        read = _known(store, RECHECK_PICTURE_TEXTS)
        self._rechecks = _Budget(RECHECK_PICTURE_TEXTS, read, MAX_RECHECK_PICTURES, max_recheck_s)
        self._missed: dict[str, dict[str, None]] = {"no_reader": {}, "budget": {}, "unread": {}}  # hashes by reason

    def text_of(self, capture: Capture) -> str:
        """Return what was read in the picture of a capture; "" when nothing was."""
        sha256 = capture.screenshot_sha256
        return self._first.found.get(sha256) or self._rechecks.found.get(sha256, "")

    def knows_all_of(self, page: CapturedPage) -> bool:
        """Return whether what the page says in pictures was read, if it is worth it."""
        sha256 = page.capture.screenshot_sha256
        return not shows_more_than_it_says(page) or (self._is_known(sha256) and sha256 not in self._missed["unread"])

    def _is_known(self, sha256: str) -> bool:
        return sha256 in self._first.found or sha256 in self._rechecks.found

    async def read(self, page: CapturedPage, *, is_recheck: bool = False) -> bool:
        """Read the page's picture, if it is worth it and was not read before; True: a text stands in it.

        A picture that many pages show is read once, and says the same of each. `is_recheck`: it counts towards the
        budget of rechecks.
        """
        sha256 = page.capture.screenshot_sha256
        if not sha256 or not shows_more_than_it_says(page):
            return False
        async with self._turn:
            if not self._is_known(sha256):
                await self._read(sha256, self._rechecks if is_recheck else self._first)
        return bool(self.text_of(page.capture))

    async def _read(self, sha256: str, budget: _Budget) -> None:
        if (reason := await self._obstacle(budget)) is not None:
            self._missed[reason][sha256] = None
            return
        assert self._reader is not None  # else there is an obstacle
        clock = asyncio.get_running_loop().time
        began, text = clock(), ""
        try:
            text = await self._reader.read(await self._contents.get(sha256))
        except (PictureUnread, ContentMissing, ContentDamaged, ContentsUnavailable):
            self._missed["unread"][sha256] = None
            return
        finally:
            budget.spent_s += clock() - began
            budget.found[sha256] = text[:MAX_TEXT]  # asked once, whatever comes of it
        for reason in ("no_reader", "budget"):  # it was missed when the other budget was used up
            self._missed[reason].pop(sha256, None)
        # What was not read is unknown to the next attempt, which tries it again.
        read = {name: said for name, said in budget.found.items() if name not in self._missed["unread"]}
        self._store.put_checkpoint(budget.checkpoint, read)

    async def _obstacle(self, budget: _Budget) -> str | None:
        if not self._is_open:
            self._reader = await asyncio.to_thread(self._open_reader)
            self._is_open = True
        if self._reader is None:
            return "no_reader"
        return "budget" if budget.is_spent else None

    async def tell(self) -> None:
        """Say how many were read, and warn of those that were not. Raises ScanStopped."""
        found = self._first.found | self._rechecks.found
        if count := len(found):
            with_text = sum(map(bool, found.values()))
            said = self._texts("pictures_read", pictures=count, with_text=with_text)
            await self._sink.log(LogEntry("INFO", StageKey.AI_ANALYSIS.value, said))
        for reason, hashes in self._missed.items():
            if hashes:
                said = self._texts(f"pictures_unread_{reason}", pictures=len(hashes))
                await self._sink.warning("degraded", said)


def _known(store: ScanStore, checkpoint: str) -> dict[str, str]:
    """Return what an earlier attempt has read, by hash."""
    known: dict[str, Any] = store.checkpoint(checkpoint) or {}
    return {str(sha256): str(text) for sha256, text in known.items()}


def shows_more_than_it_says(page: CapturedPage) -> bool:
    """Whether what the page has to say may stand in its pictures."""
    content = page.content
    return content.shows_pictures and len(content.text) < SCARCE_TEXT and page.capture.page_class == "content"
