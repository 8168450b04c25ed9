"""Which crawled pages are rendered in a browser for what only that shows. Pure; each page is chosen once.

Start pages are, pages on which scripts do nearly everything, pages with a script or frame of somebody unknown that few
pages have, pages with a link to somebody unknown of which reading cannot say whether it is seen, and one in twenty of
the others that may load what they do not name. Which ones that are is said by their address, so that an attempt that
goes on chooses as the one before did.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from app.domain.scan_facts import FrontierUrl, PageFact, Relation
from app.engines.extract.page import Extraction
from app.engines.identify.classify import UNKNOWN, classify
from app.engines.urls import host_of

MAX_STARTS: Final = 60  # of one scan, as all of these
MAX_THIN: Final = 150
MAX_SAMPLED: Final = 150
MAX_ALIKE: Final = 20  # thin pages whose addresses are alike: the application is the same, its data differ
MAX_DOUBTFUL: Final = 40  # with a link of which a browser has to say whether it is seen
MAX_DOUBTFUL_ALIKE: Final = 5  # of these, whose addresses are alike
MAX_UNKNOWN: Final = 60  # with a script or frame of somebody unknown: what that loads is known only when it has run
MAX_UNKNOWN_ALIKE: Final = 10  # of these, whose addresses are alike
RARE: Final = 3  # pages that lead to a host; to what stands in a footer all of them do
MAX_HOSTS: Final = 50_000  # unknown hosts whose pages are counted; later ones are taken for frequent
# What styles alone cannot prove: a script may take it back, and what lies below a text is a matter of layout.
_UNPROVEN: Final = frozenset({"script_made", "same_colour", "transparent_text"})
SHELL_TEXT: Final = 60  # characters; a page that says less is made by its scripts
THIN_TEXT: Final = 200  # the same for a page that links to no other of the site
ONE_IN: Final = 20
_GOOD: Final = range(200, 300)
_NAMED_BY_SCRIPT: Final = ("script:string", "script:pieces")  # kinds of mentions in code that runs


class RenderedSample:
    """Chooses, and remembers what was chosen."""

    def __init__(self, chosen: Iterable[int] = ()) -> None:
        """`chosen`: ids of URLs that an earlier attempt has chosen."""
        # Ids of the URLs that were chosen.
        self.chosen: dict[int, None] = dict.fromkeys(chosen)
        self._starts = self._sampled = 0
        self._thin = len(self.chosen)  # an earlier attempt's count as such
        self._alike: Counter[str] = Counter()
        self._doubtful = 0
        self._doubtful_alike: Counter[str] = Counter()
        self._pages_of: Counter[str] = Counter()  # by unknown host that they lead to
        self._unknown = 0
        self._unknown_alike: Counter[str] = Counter()
        self._loads_of: Counter[str] = Counter()  # pages by unknown host whose code they load, or whom a script names
        # Ids of URLs that are rendered before all others.
        self.urgent: set[int] = set()
        # How many pages are hardly anything without their scripts, and too many to be rendered.
        self.left_out = 0

    def choose(self, item: FrontierUrl, page: PageFact | None, found: Extraction | None) -> bool:
        """Return whether the page is to be rendered."""
        if page is None or found is None or not page.parsed or page.status not in _GOOD or item.id in self.chosen:
            return False
        if found.meta_refresh or found.script_location or not self._takes(item, found):
            return False
        self.chosen[item.id] = None
        return True

    def _takes(self, item: FrontierUrl, found: Extraction) -> bool:
        is_doubtful = self._is_doubtful(found)
        if self._loads_unknown(found) and self._takes_unknown(item):
            self.urgent.add(item.id)
            return True
        if item.depth == 0 and self._starts < MAX_STARTS:
            self._starts += 1
            return True
        if found.is_active and len(found.text.strip()) < (SHELL_TEXT if found.links else THIN_TEXT):
            return self._takes_thin(item)
        if is_doubtful and self._takes_doubtful(item):
            return True
        if found.is_active and is_sampled(item.url) and self._sampled < MAX_SAMPLED:
            self._sampled += 1
            return True
        return False

    def _is_doubtful(self, found: Extraction) -> bool:
        """Whether the page leads to somebody unknown, as few pages do, by a link that may be hidden or not."""
        links = [reference for reference in found.references if reference.relation is Relation.LINK]
        unproven = {host_of(link.url) for link in links if link.hidden in _UNPROVEN}
        rare = [
            host
            for host in {host_of(link.url) for link in links}
            if classify(host) == UNKNOWN and _is_rare(self._pages_of, host)
        ]
        may_differ = found.is_unsure or found.is_active
        return any(may_differ or host in unproven for host in rare)

    def _loads_unknown(self, found: Extraction) -> bool:
        """Whether the page loads code of somebody unknown, or a script of it names one, as few pages do."""
        hosts = {
            host_of(reference.url)
            for reference in found.references
            if reference.relation is Relation.SCRIPT or reference.kind in _NAMED_BY_SCRIPT
        }
        rare = [host for host in hosts if classify(host) == UNKNOWN and _is_rare(self._loads_of, host)]
        return bool(rare)

    def _takes_unknown(self, item: FrontierUrl) -> bool:
        if self._unknown >= MAX_UNKNOWN or self._unknown_alike[item.pattern] >= MAX_UNKNOWN_ALIKE:
            return False
        self._unknown += 1
        self._unknown_alike[item.pattern] += 1
        return True

    def _takes_doubtful(self, item: FrontierUrl) -> bool:
        if self._doubtful >= MAX_DOUBTFUL or self._doubtful_alike[item.pattern] >= MAX_DOUBTFUL_ALIKE:
            return False
        self._doubtful += 1
        self._doubtful_alike[item.pattern] += 1
        return True

    def _takes_thin(self, item: FrontierUrl) -> bool:
        if self._thin >= MAX_THIN or self._alike[item.pattern] >= MAX_ALIKE:
            self.left_out += 1
            return False
        self._thin += 1
        self._alike[item.pattern] += 1
        return True


def _is_rare(pages_of: Counter[str], host: str) -> bool:
    """Count one more page of the host; return whether they are few."""
    if host not in pages_of and len(pages_of) >= MAX_HOSTS:
        return False
    pages_of[host] += 1
    return pages_of[host] <= RARE


def is_shell(found: Extraction) -> bool:
    """Whether the page says next to nothing before its scripts have run."""
    return len(found.text.strip()) < SHELL_TEXT


def is_sampled(url: str) -> bool:
    """Return whether the address is one in twenty."""
    return crc32(url.encode()) % ONE_IN == 0
