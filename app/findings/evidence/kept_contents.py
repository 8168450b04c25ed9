"""Reads captured contents; a lost content and an unavailable storage are different errors. Blocking."""

import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from app.core.errors import Unavailable

REST_S: Final = 5.0  # a storage that did not answer is not asked again for so long: each time takes seconds of a thread
log = structlog.get_logger(__name__)


class CapturedContent(Protocol):
    """The contents that scans have captured, by their hash (`captures.contents`). Blocking."""

    def get(self, sha256: str) -> bytes:
        """Raises LookupError: nothing is stored; ValueError: it is damaged; OSError: the storage does not respond."""
        ...


class KeptContents:
    """Of one service; used by several threads."""

    def __init__(self, contents: CapturedContent, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._contents = contents
        self._monotonic = monotonic
        self._ask_at = float("-inf")  # monotonic

    def read(self, sha256: str) -> bytes | None:
        """Return the content; None when it was not kept, or is damaged.

        Raises Unavailable (`captures_unavailable`) when the storage does not answer: nobody knows then.
        """
        if self._monotonic() < self._ask_at:
            raise Unavailable(code="captures_unavailable")
        try:
            return self._contents.get(sha256)
        except (LookupError, ValueError):
            return None
        except OSError as error:
            self._ask_at = self._monotonic() + REST_S
            log.warning("captures_unavailable", reason=str(error))
            raise Unavailable(code="captures_unavailable") from error

    def read_if_possible(self, sha256: str) -> bytes | None:
        """Return the content, for what can be shown without it; None also when the storage does not answer."""
        try:
            return self.read(sha256)
        except Unavailable:
            return None
