"""Which crawled pages are drawn in a browser for what their scripts load. Pure; each page is chosen once.

Start pages are, pages on which scripts do nearly everything, and one in twenty of the others that may load what they do
not name. Which ones that are is said by their address, so that an attempt that goes on chooses as the one before did.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from app.engines.extract.page import Extraction
from app.engines.model import FrontierUrl, PageFact

MAX_STARTS: Final = 60  # of one scan, as all of these
MAX_THIN: Final = 150
MAX_SAMPLED: Final = 150
MAX_ALIKE: Final = 20  # thin pages whose addresses are alike: the application is the same, its data differ
SHELL_TEXT: Final = 60  # characters; a page that says less is made by its scripts
THIN_TEXT: Final = 200  # the same for a page that links to no other of the site
ONE_IN: Final = 20
_GOOD: Final = range(200, 300)


class DrawnSample:
    """Chooses, and remembers what was chosen."""

    def __init__(self, chosen: Iterable[int] = ()) -> None:
        """`chosen`: ids of URLs that an earlier attempt has chosen."""
        # Ids of the URLs that were chosen.
        self.chosen: dict[int, None] = dict.fromkeys(chosen)
        self._starts = self._sampled = 0
        self._thin = len(self.chosen)  # an earlier attempt's count as such
        self._alike: Counter[str] = Counter()
        # How many pages are hardly anything without their scripts, and too many to be drawn.
        self.left_out = 0

    def choose(self, item: FrontierUrl, page: PageFact | None, found: Extraction | None) -> bool:
        """Return whether the page is to be drawn."""
        if page is None or found is None or not page.parsed or page.status not in _GOOD or item.id in self.chosen:
            return False
        if found.meta_refresh or found.script_location or not self._takes(item, found):
            return False
        self.chosen[item.id] = None
        return True

    def _takes(self, item: FrontierUrl, found: Extraction) -> bool:
        if item.depth == 0 and self._starts < MAX_STARTS:
            self._starts += 1
            return True
        if not found.is_active:
            return False
        if len(found.text.strip()) < (SHELL_TEXT if found.links else THIN_TEXT):
            return self._takes_thin(item)
        if is_sampled(item.url) and self._sampled < MAX_SAMPLED:
            self._sampled += 1
            return True
        return False

    def _takes_thin(self, item: FrontierUrl) -> bool:
        if self._thin >= MAX_THIN or self._alike[item.pattern] >= MAX_ALIKE:
            self.left_out += 1
            return False
        self._thin += 1
        self._alike[item.pattern] += 1
        return True


def is_shell(found: Extraction) -> bool:
    """Whether the page says next to nothing before its scripts have run."""
    return len(found.text.strip()) < SHELL_TEXT


def is_sampled(url: str) -> bool:
    """Return whether the address is one in twenty."""
    return crc32(url.encode()) % ONE_IN == 0
